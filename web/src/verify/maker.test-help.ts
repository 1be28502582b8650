// A bundle that is whole, made for tests: an original with a signed act of two sides, one by its digest alone, one that was erased.
//
// Not here: anything that the pages use. It writes what docs/BUNDLE.md says, apart from the code that reads it.
import { createHash, createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { Sm3 } from "~/digest/sm3";
import { crc32 } from "./bytes";

const AT = "2026-11-24T02:51:59.667792Z";
const sha = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest();
const hex = (bytes: Uint8Array | string) => sha(bytes).toString("hex");
const sm3 = (bytes: Uint8Array) => new Sm3().update(bytes).hex();
const mac = (salt: Buffer, bytes: string) => createHmac("sha256", salt).update(bytes).digest("hex");
const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : value !== null && typeof value === "object"
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([one], [two]) => (one < two ? -1 : 1))
            .map(([key, one]) => [key, sorted(one)]),
        )
      : value;
const json = (value: unknown) => JSON.stringify(sorted(value));

export interface Signer {
  key: KeyObject;
  text: string;
  name: string;
  id: Buffer;
}
export function signer(name: string): Signer {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = Buffer.concat([Buffer.of(1), publicKey.export({ format: "der", type: "spki" }).subarray(-32)]);
  const id = sha(Buffer.concat([Buffer.from(`${name}\n`), raw])).subarray(0, 4);
  return { key: privateKey, name, id, text: `${name}+${id.toString("hex")}+${raw.toString("base64")}` };
}
const signature = (by: Signer, text: string) =>
  `— ${by.name} ${Buffer.concat([by.id, sign(null, Buffer.from(text), by.key)]).toString("base64")}`;

function root(leaves: Buffer[]): Buffer {
  if (leaves.length === 1) return leaves[0] as Buffer;
  const half = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return sha(Buffer.concat([Buffer.of(1), root(leaves.slice(0, half)), root(leaves.slice(half))]));
}
function path(leaves: Buffer[], index: number): Buffer[] {
  if (leaves.length === 1) return [];
  const half = 2 ** Math.floor(Math.log2(leaves.length - 1));
  const [left, right] = [leaves.slice(0, half), leaves.slice(half)];
  return index < half ? [...path(left, index), root(right)] : [...path(right, index - half), root(left)];
}

/** A ZIP file as quanlian writes it. */
export function zip(files: Map<string, Buffer>): Blob {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, bytes] of [...files].sort(([one], [two]) => Buffer.compare(Buffer.from(one), Buffer.from(two)))) {
    const raw = Buffer.from(name);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(1 << 11, 2);
    fields.writeUInt16LE(33, 8);
    fields.writeUInt32LE((crc32(bytes, 0xffffffff) ^ 0xffffffff) >>> 0, 10);
    fields.writeUInt32LE(bytes.length, 14);
    fields.writeUInt32LE(bytes.length, 18);
    fields.writeUInt16LE(raw.length, 22);
    const outer = Buffer.alloc(14);
    outer.writeUInt32LE(0o100644 * 65_536, 6);
    outer.writeUInt32LE(offset, 10);
    parts.push(Buffer.from("504b0304", "hex"), fields, raw, bytes);
    central.push(Buffer.from("504b01021403", "hex"), fields, outer, raw);
    offset += 30 + raw.length + bytes.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.size, 8);
  end.writeUInt16LE(files.size, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return new Blob([...parts, directory, end].map((part) => Uint8Array.from(part)));
}

const TAGS = ["tagmanifest-sha256.txt", "tagmanifest-sm3.txt"];
/** Writes the manifests anew, as somebody would who changed a file and knows the format. */
export function listAgain(files: Map<string, Buffer>): void {
  const names = [...files.keys()].sort((one, two) => Buffer.compare(Buffer.from(one), Buffer.from(two)));
  for (const [name, own] of [
    ["manifest", names.filter((one) => one.startsWith("data/"))],
    ["tagmanifest", names.filter((one) => !one.startsWith("data/") && !TAGS.includes(one))],
  ] as const) {
    const listed = (digest: (bytes: Buffer) => string) =>
      Buffer.from(own.map((one) => `${digest(files.get(one) as Buffer)}  ${one}\n`).join(""));
    files.set(`${name}-sha256.txt`, listed(hex));
    files.set(`${name}-sm3.txt`, listed(sm3));
  }
}

export interface Made {
  files: Map<string, Buffer>;
  log: Signer;
}

export function makeBundle(): Made {
  const log = signer("quanlian.local/test");
  const [giver, receiver] = [signer("li"), signer("wang")];
  const files = new Map<string, Buffer>();
  const put = (name: string, text: string) => files.set(name, Buffer.from(text));
  const entries: { folder: string; text: string }[] = [];
  const enter = (folder: string, salt: Buffer, record: string, id: string, kind: string) => {
    const text = json({ v: 1, kind, id, recorded_at: AT, commitment: mac(salt, record) });
    put(`${folder}/entry.json`, text);
    entries.push({ folder, text });
    return `${entries.length - 1}`;
  };
  const salts = [11, 12, 13, 14, 15].map((fill) => Buffer.alloc(32, fill));
  const salt = (at: number) => salts[at] as Buffer;

  const content = Buffer.from("晨江曲的录音\n".repeat(40));
  for (const item of [1, 2]) {
    const folder = `proof/000${item}`;
    const id = `01a20b77-a333-7126-af69-3da092fa1b4${item}`;
    const line = (prev: string, more: object) =>
      json({ v: 1, item: id, actor: "li", at: AT, prev, tool: "quanlian", ...more });
    const first = line("0".repeat(64), { act: "collected", id: "a" });
    const deposit = json({
      v: 1,
      id,
      kind: "file",
      depositor: "li",
      deposited_at: AT,
      custody_sha256: hex(first),
      content: { name: "歌.wav", size_bytes: content.length, sha256: hex(content), sm3: sm3(content) },
    });
    put(`${folder}/deposit.json`, deposit);
    put(`${folder}/salt.hex`, `${salt(item).toString("hex")}\n`);
    const index = enter(folder, salt(item), deposit, id, "deposit");
    const lines = [first, line(hex(first), { act: "deposited", id: "b", detail: { index, log: log.name } })];
    if (item === 1) {
      files.set("data/0001-歌.wav", content);
      const record = {
        parties: [
          { role: "giver", name: "li" },
          { role: "receiver", name: "wang" },
        ],
      };
      const act = {
        v: 2,
        item: id,
        actor: "li",
        at: AT,
        prev: hex(lines[1] as string),
        act: "handed_over",
        id: "c",
        record,
      };
      const attestations = [giver, receiver].map((one, at) => ({
        party: at + 1,
        how: "signed",
        key: one.text,
        signature: signature(one, `${json(act)}\nas ${at === 0 ? "giver" : "receiver"} ${one.name}\n`),
      }));
      const signed = json({ ...act, attestations });
      lines.push(signed);
      const uuid = mac(salt(item), `quanlian custody line\n${id}\n3\n`).slice(0, 32);
      const variant = "89ab"[Number.parseInt(uuid[16] as string, 16) & 3];
      const named = `${uuid.slice(0, 8)}-${uuid.slice(8, 12)}-8${uuid.slice(13, 16)}-${variant}${uuid.slice(17, 20)}-${uuid.slice(20)}`;
      enter(`${folder}/act-00003`, salt(item), signed, named, "custody");
    }
    put(`${folder}/custody.jsonl`, `${lines.join("\n")}\n`);
  }
  const gone = "01a20b77-a333-7126-af69-3da092fa1b49";
  const index = Number(enter("proof/0003", salt(3), "what was there", gone, "deposit"));
  const tomb = json({ v: 1, deposit: gone, deposit_index: index, by: "head", at: AT, reason: "依申请删除" });
  put("proof/0003/erased/tombstone.json", tomb);
  put("proof/0003/erased/salt.hex", `${salt(4).toString("hex")}\n`);
  enter("proof/0003/erased", salt(4), tomb, gone, "erasure");

  const id = "01a20b77-a33d-7a0c-878d-415a05202743";
  put("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
  put("bag-info.txt", `Contact-Name: li\nExternal-Identifier: urn:uuid:${id}\nPayload-Oxum: ${content.length}.1\n`);
  for (const name of ["verify.sh", "VERIFY.txt", "核验说明.html", "verifier.html"]) put(name, `${name}\n`);
  put("proof/log.vkey", `${log.text}\n`);
  listAgain(files);
  const sealed = [...files.keys()]
    .filter((name) => name !== "proof/log.vkey" && !TAGS.includes(name))
    .sort((one, two) => Buffer.compare(Buffer.from(one), Buffer.from(two)))
    .map((name) => `${hex(files.get(name) as Buffer)}  ${name}\n`)
    .join("");
  put("proof/bundle/sealed-sha256.txt", sealed);
  const statement = json({
    v: 2,
    id,
    items: 3,
    actor: "li",
    made_at: AT,
    tool: "quanlian",
    sealed_sha256: hex(sealed),
  });
  put("proof/bundle/statement.json", statement);
  put("proof/bundle/salt.hex", `${salt(0).toString("hex")}\n`);
  enter("proof/bundle", salt(0), statement, id, "bundle");

  const leaves = entries.map(({ text }) => sha(Buffer.concat([Buffer.of(0), Buffer.from(text)])));
  const note = `${log.name}\n${leaves.length}\n${root(leaves).toString("base64")}\n`;
  const checkpoint = `${note}\n${signature(log, note)}\n`;
  put("proof/checkpoint", checkpoint);
  for (const [at, { folder }] of entries.entries()) {
    const hashes = path(leaves, at).map((one) => `${one.toString("base64")}\n`);
    put(`${folder}/inclusion.tlog-proof`, `c2sp.org/tlog-proof@v1\nindex ${at}\n${hashes.join("")}\n${checkpoint}`);
  }
  listAgain(files);
  return { files, log };
}
