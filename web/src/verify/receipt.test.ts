import { expect, it } from "vitest";
import { makeBundle } from "./maker.test-help";
import { readGiven } from "./receipt";

/** The receipt of the second deposit of the bundle, which the program alone has noted lines for. */
function receipt(): Record<string, unknown> {
  const { files } = makeBundle();
  const text = (name: string) => String(files.get(`proof/0002/${name}`));
  return {
    v: 1,
    log_index: 2,
    deposit_json: text("deposit.json"),
    entry_json: text("entry.json"),
    salt: text("salt.hex").trim(),
    custody: text("custody.jsonl").trim().split("\n"),
  };
}

it("digests are found in whatever was pasted", () => {
  const digest = "AB".repeat(32);
  expect(readGiven(` SHA-256: ${digest}\n`)?.digests).toEqual([{ algorithm: "any", digest: digest.toLowerCase() }]);
  for (const nothing of ["", "x", "a".repeat(63), "a".repeat(65), "{", '{"a":1}'])
    expect(readGiven(nothing)).toBeUndefined();
});

it("a receipt that fits itself is told with its digests, as saved and as the server sends it", () => {
  const own = receipt();
  for (const given of [
    own,
    { sha256: "x", log_index: 2, receipt: own },
    { id: "f", receipt: { log_index: 2, receipt: own } },
  ]) {
    const found = readGiven(JSON.stringify(given));
    expect(found?.receipt).toEqual({ index: "2", at: "2026-11-24T02:51:59.667792Z" });
    expect(found?.digests.map((one) => one.algorithm)).toEqual(["sha256", "sm3"]);
  }
});

it("a receipt that was changed says so, whatever was changed", () => {
  const own = receipt();
  for (const [name, change] of [
    ["deposit_json", (text: string) => text.replace('"depositor":"li"', '"depositor":"xu"')],
    ["entry_json", (text: string) => text.replace("2026", "2025")],
    ["salt", (text: string) => text.replace("0", "1")],
    ["log_index", () => 7],
    ["custody", () => []],
  ] as const) {
    const found = readGiven(JSON.stringify({ ...own, [name]: change(own[name] as string) }));
    expect(found?.receipt?.fault, name).toBeDefined();
  }
});
