// Bundles that are whole verify; every change of any of them is found, also by somebody who rewrites all manifests.
//
// `QUANLIAN_BUNDLES` names real ones (paths with `:` between), which are verified and changed as well.
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { answerOf, type Check, QUESTIONS, type Question, verifyBundle } from "./bundle";
import { fromBase64, fromCanonical, hmac, utf8 } from "./bytes";
import { listAgain, type Made, makeBundle, signer, zip } from "./maker.test-help";

let made: Made;
beforeAll(() => {
  made = makeBundle();
});

const answers = (checks: Check[]) =>
  Object.fromEntries(Object.keys(QUESTIONS).map((one) => [one, answerOf(checks, one as Question)]));
const failures = (checks: Check[]) =>
  checks.filter((one) => one.state === "failed").map((one) => `${one.code} ${one.said}`);
const copy = () => new Map([...made.files].map(([name, bytes]) => [name, Buffer.from(bytes)]));
/** What is found after a change; by default the manifests are written anew. */
async function changed(change: (files: Map<string, Buffer>) => void, again = true): Promise<string[]> {
  const files = copy();
  change(files);
  if (again) listAgain(files);
  return failures(await verifyBundle(zip(files), ""));
}
const text = (files: Map<string, Buffer>, name: string, to: (text: string) => string) =>
  files.set(name, Buffer.from(to((files.get(name) as Buffer).toString())));

describe("a bundle that is whole", () => {
  it("answers every question, and calls nothing good that was not checked", async () => {
    const checks = await verifyBundle(zip(made.files), "");
    expect(failures(checks)).toEqual([]);
    expect(answers(checks)).toEqual({
      bundle: "ok",
      file: "partly",
      inclusion: "partly",
      log_head: "ok",
      log_key: "not_checked",
      witnesses: "not_checked",
      time: "not_checked",
      custody: "partly",
    });
  });

  it("is of the log whose key was given, or fails", async () => {
    expect(answers(await verifyBundle(zip(made.files), made.log.text))["log_key"]).toBe("ok");
    expect(failures(await verifyBundle(zip(made.files), signer(made.log.name).text))).toEqual([
      "log_key_trusted verify.wrong.key_given",
    ]);
  });

  it("says that signatures were not checked where the browser has no Ed25519", async () => {
    vi.stubGlobal("crypto", { getRandomValues: crypto.getRandomValues });
    try {
      const checks = await verifyBundle(zip(made.files), "");
      expect(failures(checks)).toEqual([]);
      expect(answers(checks)["log_head"]).toBe("not_checked");
      expect(checks.find((one) => one.code === "custody_act_signed")?.state).toBe("not_checked");
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe("a bundle that was changed", () => {
  it("fails in every file, wherever a byte was changed, whatever manifests say", async () => {
    for (const again of [false, true]) {
      for (const [name, bytes] of made.files) {
        // Written anew they are as they were.
        if (again && /^(tag)?manifest-/.test(name)) continue;
        const step = Math.max(1, Math.floor(bytes.length / 9));
        for (let at = 0; at < bytes.length; at += step) {
          const found = await changed((files) => {
            const own = files.get(name) as Buffer;
            own[at] = (own[at] as number) ^ 1;
          }, again);
          expect(found.length, `${name} byte ${at}, manifests ${again ? "anew" : "as they were"}`).toBeGreaterThan(0);
        }
      }
    }
  }, 120_000);

  it("fails for the reason that it has", async () => {
    expect(await changed((files) => files.set("data/0001-歌.wav", Buffer.from("another song")))).toContain(
      "file_is_deposit verify.wrong.original",
    );
    expect(
      await changed((files) =>
        text(files, "proof/0001/deposit.json", (own) => own.replace('"depositor":"li"', '"depositor":"xu"')),
      ),
    ).toContain("deposit_committed verify.wrong.entry");
    expect(
      await changed((files) =>
        text(files, "proof/0001/inclusion.tlog-proof", (own) => own.replace("index 0", "index 2")),
      ),
    ).toContain("deposit_in_log verify.wrong.not_in_log");
    expect(
      await changed((files) =>
        text(files, "proof/0001/custody.jsonl", (own) => own.replace('"receiver"', '"witness"')),
      ),
    ).toContain("custody_chain verify.wrong.act_side");
    expect(
      await changed((files) =>
        text(files, "proof/0001/custody.jsonl", (own) => own.split("\n").slice(0, 2).join("\n").concat("\n")),
      ),
    ).toContain("custody_act_in_log verify.wrong.act_left_out");
    expect(
      await changed((files) => text(files, "proof/0003/erased/tombstone.json", (own) => own.replace("依申请", "自行"))),
    ).toContain("erasure_in_log verify.wrong.entry");
    expect(await changed((files) => files.set("data/0009-x", Buffer.from("x")))).toEqual([
      "container verify.wrong.stray",
    ]);
    expect(await changed((files) => files.set("proof/x", Buffer.from("x")))).toEqual([
      "container verify.wrong.foreign",
    ]);
    expect(await changed((files) => files.delete("proof/0002/salt.hex"))).toEqual(["container verify.wrong.missing"]);
  });

  it("fails under a head that another key signed", async () => {
    const other = signer(made.log.name);
    expect(await changed((files) => files.set("proof/log.vkey", Buffer.from(`${other.text}\n`)))).toContain(
      "log_head_signed verify.wrong.first_signature",
    );
  });

  it("fails with bytes before, between and behind, or cut short", async () => {
    const whole = new Uint8Array(await zip(made.files).arrayBuffer());
    const with_ = async (...parts: BlobPart[]) => failures(await verifyBundle(new Blob(parts), ""));
    expect((await with_(new Uint8Array(1), whole)).length).toBe(1);
    expect((await with_(whole, new Uint8Array(1))).length).toBe(1);
    expect((await with_(whole.subarray(0, whole.length - 1))).length).toBe(1);
    expect(await with_(new Uint8Array(3))).toEqual(["container verify.wrong.no_bundle"]);
    expect(await with_("PK".repeat(500))).toEqual(["container verify.wrong.no_zip"]);
    // Every byte of the container itself: headers, directory, end.
    const directory = new DataView(whole.buffer).getUint32(whole.length - 6, true);
    for (let at = directory; at < whole.length; at += 7) {
      const own = whole.slice();
      own[at] = (own[at] as number) ^ 0x20;
      expect((await with_(own)).length, `byte ${at}`).toBeGreaterThan(0);
    }
  }, 60_000);
});

describe("texts", () => {
  it("have one spelling", () => {
    expect(fromBase64("QQ==")).toEqual(Uint8Array.of(65));
    for (const other of ["QR==", "QQ", "QQ=", "Q Q=", ""]) expect(fromBase64(other), other).toBeUndefined();
    expect(() => fromCanonical('{"b":1,"a":2}', "x")).toThrow();
    expect(() => fromCanonical('{"a":1, "b":2}', "x")).toThrow();
    expect(fromCanonical('{"a":1,"b":[2]}', "x")).toEqual({ a: 1, b: [2] });
  });
  it("are signed for as RFC 4231 says", () => {
    expect(hmac(new Uint8Array(20).fill(0x0b), utf8("Hi There"))).toBe(
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    );
  });
});

const real = (process.env["QUANLIAN_BUNDLES"] ?? "").split(":").filter(Boolean);
describe.skipIf(real.length === 0)("real bundles", () => {
  for (const path of real) {
    it(path, async () => {
      const bytes = new Uint8Array(readFileSync(path));
      expect(failures(await verifyBundle(new Blob([bytes]), ""))).toEqual([]);
      for (let at = 1; at <= 40; at += 1) {
        const own = bytes.slice();
        const place = Math.floor((bytes.length * at) / 41);
        own[place] = (own[place] as number) ^ 1;
        expect(failures(await verifyBundle(new Blob([own]), "")).length, `byte ${place}`).toBeGreaterThan(0);
      }
    }, 600_000);
  }
});
