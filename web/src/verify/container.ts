// The container of an evidence bundle: a ZIP file of the one form that quanlian writes, read without unpacking.
//
// In:  a file, of which parts are read.
// Out: every entry with its digests, and the bytes and text of the small ones.
//
// Invariants: every byte of the file belongs to the directory or to an entry; each header is the one that quanlian writes for this name, size and
// checksum, so nothing hides in compression, extra fields, comments, gaps or a second directory. Nothing is kept of an original but its digests.
import { Sha256 } from "~/digest/sha256";
import { Sm3 } from "~/digest/sm3";
import { crc32, decode, equal, utf8, wrong } from "./bytes";

// Limits, in bytes or counts; the same as those of `quanlian verify` where that has one.
const MAX_CONTAINER_BYTES = 0xffffffff;
const MAX_ENTRIES = 65_534;
const MAX_NAME_BYTES = 200;
const MAX_SMALL_BYTES = 16 << 20;
const MAX_SMALL_TOTAL_BYTES = 256 << 20;
const CHUNK_BYTES = 4 << 20;
const END_BYTES = 22;

export interface Held {
  size: number;
  sha256: string;
  sm3: string;
  /** Of everything but originals. */
  bytes: Uint8Array<ArrayBuffer>;
  text: string;
}
export type Files = Map<string, Held>;

interface Entry {
  name: string;
  raw: Uint8Array<ArrayBuffer>;
  size: number;
  crc: number;
  offset: number;
  content: number;
}

export const isPayload = (name: string): boolean => name.startsWith("data/");

/** The one header that this entry has. */
function header(isLocal: boolean, name: Uint8Array, size: number, crc: number, offset: number): Uint8Array {
  const bytes = new Uint8Array((isLocal ? 30 : 46) + name.length);
  const view = new DataView(bytes.buffer);
  const put = (at: number) => {
    view.setUint16(at, 20, true);
    view.setUint16(at + 2, 1 << 11, true);
    view.setUint16(at + 8, 33, true);
    view.setUint32(at + 10, crc, true);
    view.setUint32(at + 14, size, true);
    view.setUint32(at + 18, size, true);
    view.setUint16(at + 22, name.length, true);
  };
  if (isLocal) {
    view.setUint32(0, 0x04034b50, true);
    put(4);
  } else {
    view.setUint32(0, 0x02014b50, true);
    view.setUint16(4, (3 << 8) | 20, true);
    put(6);
    view.setUint32(38, 0o100644 * 65_536, true);
    view.setUint32(42, offset, true);
  }
  bytes.set(name, isLocal ? 30 : 46);
  return bytes;
}

const isPlain = (name: string, length: number) =>
  length <= MAX_NAME_BYTES &&
  name.split("/").every((part) => part !== "" && part !== "." && part !== "..") &&
  !/[\p{Cc}\\:"*?<>|]/u.test(name);

function isBefore(one: Uint8Array, two: Uint8Array): boolean {
  for (let at = 0; at < one.length && at < two.length; at += 1)
    if (one[at] !== two[at]) return (one[at] as number) < (two[at] as number);
  return one.length < two.length;
}

const part = async (file: Blob, from: number, to: number) => new Uint8Array(await file.slice(from, to).arrayBuffer());

async function directory(file: Blob): Promise<Entry[]> {
  if (file.size > MAX_CONTAINER_BYTES) wrong("container_large");
  if (file.size < END_BYTES) wrong("no_bundle");
  const end = new DataView((await part(file, file.size - END_BYTES, file.size)).buffer);
  if (end.getUint32(0, true) !== 0x06054b50) wrong("no_zip");
  const count = end.getUint16(10, true);
  const length = end.getUint32(12, true);
  const start = end.getUint32(16, true);
  const isOdd =
    end.getUint32(4, true) !== 0 ||
    end.getUint16(8, true) !== count ||
    end.getUint16(20, true) !== 0 ||
    count > MAX_ENTRIES ||
    start + length + END_BYTES !== file.size ||
    length > count * (46 + MAX_NAME_BYTES);
  if (isOdd) wrong("zip_end");
  const central = await part(file, start, start + length);
  const entries: Entry[] = [];
  const seen = new Map<string, "file" | "folder">();
  let at = 0;
  let offset = 0;
  let last = new Uint8Array();
  for (let number = 0; number < count; number += 1) {
    if (at + 46 > central.length) wrong("zip_cut");
    const view = new DataView(central.buffer, at, 46);
    const nameBytes = view.getUint16(28, true);
    const raw = central.slice(at + 46, at + 46 + nameBytes);
    const size = view.getUint32(24, true);
    const crc = view.getUint32(16, true);
    const name = nameOf(raw);
    if (raw.length !== nameBytes || !isPlain(name, nameBytes)) wrong("zip_name", { name });
    const wanted = header(false, raw, size, crc, offset);
    if (!equal(central.subarray(at, at + 46 + nameBytes), wanted)) wrong("zip_line", { name });
    if (number > 0 && !isBefore(last, raw)) wrong("zip_order", { name });
    claim(seen, name);
    const content = offset + 30 + nameBytes;
    entries.push({ name, raw, size, crc, offset, content });
    offset = content + size;
    if (offset > start) wrong("zip_overlap", { name });
    at += 46 + nameBytes;
    last = raw;
  }
  if (at !== central.length || offset !== start) wrong("zip_gap");
  return entries;
}

function nameOf(raw: Uint8Array): string {
  try {
    return decode(raw);
  } catch {
    return wrong("zip_utf8");
  }
}

/** No two names are one on a system that folds case or composes signs, and none is file and folder. */
function claim(seen: Map<string, "file" | "folder">, name: string): void {
  const folded = name.normalize("NFC").toLowerCase().normalize("NFC");
  for (let slash = folded.indexOf("/"); slash >= 0; slash = folded.indexOf("/", slash + 1)) {
    const folder = folded.slice(0, slash);
    if (seen.get(folder) === "file") wrong("zip_folder", { name });
    seen.set(folder, "folder");
  }
  if (seen.has(folded)) wrong("zip_twice", { name });
  seen.set(folded, "file");
}

export async function readContainer(file: Blob, progress: (done: number) => void): Promise<Files> {
  const entries = await directory(file);
  const small = entries.filter((entry) => !isPayload(entry.name));
  if (small.reduce((sum, entry) => sum + entry.size, 0) > MAX_SMALL_TOTAL_BYTES) wrong("small_large");
  const files: Files = new Map();
  let done = 0;
  for (const entry of entries) {
    const { name, size } = entry;
    const isKept = !isPayload(name);
    if (isKept && size > MAX_SMALL_BYTES) wrong("file_large", { name });
    const local = header(true, entry.raw, size, entry.crc, 0);
    if (!equal(await part(file, entry.offset, entry.content), local)) wrong("zip_header", { name });
    const sha = new Sha256();
    const sm3 = new Sm3();
    const bytes = new Uint8Array(isKept ? size : 0);
    let crc = 0xffffffff;
    for (let at = 0; at < size; at += CHUNK_BYTES) {
      const chunk = await part(file, entry.content + at, entry.content + Math.min(at + CHUNK_BYTES, size));
      crc = crc32(chunk, crc);
      sha.update(chunk);
      sm3.update(chunk);
      if (isKept) bytes.set(chunk, at);
      done += chunk.length;
      progress(done);
    }
    if ((crc ^ 0xffffffff) >>> 0 !== entry.crc) wrong("zip_crc", { name });
    let text = "";
    if (isKept && !/^proof\/tsa\/[0-9]{2}\.ts[qr]$/.test(name)) {
      try {
        text = decode(bytes);
      } catch {
        wrong("no_text", { name });
      }
    }
    files.set(name, { size, sha256: sha.hex(), sm3: sm3.hex(), bytes, text });
  }
  return files;
}

// ---- What a bundle holds
const SEAL = ["statement.json", "sealed-sha256.txt", "salt.hex", "entry.json", "inclusion.tlog-proof"];
export const TAG_MANIFESTS = ["tagmanifest-sha256.txt", "tagmanifest-sm3.txt"];
const NO_ORIGINALS = "本证据包仅含摘要，不含原件。\nThis bundle holds digests only and no originals.\n";
const MAX_ITEMS = 9_999;
const MAX_TOKENS = 99;

export interface Layout {
  items: number;
  tokens: number;
  originals: Map<number, string>;
  payload: string[];
  erased: Set<number>;
  acts: Map<number, number[]>;
}

export const folderOf = (item: number): string => `proof/${String(item).padStart(4, "0")}`;
export const actFolder = (item: number, line: number): string =>
  `${folderOf(item)}/act-${String(line).padStart(5, "0")}`;

/** Every file that must be there is, and no other. */
export function layout(files: Files): Layout {
  if (!files.has("bagit.txt") && files.has("manifest-sha256.txt")) wrong("version_1");
  const wanted = new Set([
    ...["bagit.txt", "bag-info.txt", "manifest-sha256.txt", "manifest-sm3.txt", ...TAG_MANIFESTS],
    ...["verify.sh", "VERIFY.txt", "核验说明.html", "verifier.html", "proof/checkpoint", "proof/log.vkey"],
    ...SEAL.map((name) => `proof/bundle/${name}`),
  ]);
  const acts = new Map<number, number[]>();
  for (const name of files.keys()) {
    const act = /^proof\/([0-9]{4})\/act-([0-9]{5})\/entry\.json$/.exec(name);
    if (act) acts.set(Number(act[1]), [...(acts.get(Number(act[1])) ?? []), Number(act[2])]);
  }
  const erased = new Set<number>();
  let items = 0;
  while (items < MAX_ITEMS) {
    const folder = folderOf(items + 1);
    const isErased = files.has(`${folder}/erased/tombstone.json`);
    if (!isErased && !files.has(`${folder}/deposit.json`)) break;
    items += 1;
    const own = isErased
      ? [
          ...["entry.json", "inclusion.tlog-proof"],
          ...["tombstone.json", "salt.hex", "entry.json", "inclusion.tlog-proof"].map((name) => `erased/${name}`),
        ]
      : ["deposit.json", "salt.hex", "entry.json", "inclusion.tlog-proof", "custody.jsonl"];
    for (const name of own) wanted.add(`${folder}/${name}`);
    if (isErased) erased.add(items);
    else
      for (const line of acts.get(items) ?? [])
        for (const name of ["entry.json", "inclusion.tlog-proof"]) wanted.add(`${actFolder(items, line)}/${name}`);
  }
  const witnesses = ["proof/policy", "proof/witness.vkeys"];
  if (witnesses.some((name) => files.has(name))) for (const name of witnesses) wanted.add(name);
  let tokens = 0;
  while (tokens < MAX_TOKENS && files.has(`proof/tsa/${String(tokens + 1).padStart(2, "0")}.tsr`)) {
    tokens += 1;
    for (const ending of ["tsr", "tsq", "pem"]) wanted.add(`proof/tsa/${String(tokens).padStart(2, "0")}.${ending}`);
  }
  for (const name of wanted) if (!files.has(name)) wrong("missing", { name });
  for (const name of files.keys()) if (!isPayload(name) && !wanted.has(name)) wrong("foreign", { name });
  if (items === 0) wrong("no_items");
  return { items, tokens, erased, acts, ...originals(files, items, erased) };
}

function originals(files: Files, items: number, erased: Set<number>) {
  const found = new Map<number, string>();
  const payload = Array.from(files.keys()).filter(isPayload);
  for (const name of payload) {
    const saysNone =
      name === "data/0000-no-originals.txt" &&
      payload.length === 1 &&
      files.get(name)?.size === utf8(NO_ORIGINALS).length;
    if (saysNone) continue;
    const number = Number(/^data\/([0-9]{4})-[^/]+$/.exec(name)?.[1]);
    if (!(number >= 1 && number <= items) || found.has(number) || erased.has(number)) wrong("stray", { name });
    found.set(number, name);
  }
  return { originals: found, payload };
}
