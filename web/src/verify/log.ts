// The evidence log as others see it (docs/LOG.md): keys and notes of C2SP, inclusion by RFC 9162, entries that commit to records.
import { ed25519, equal, fromBase64, fromHex, hmac, join, sha256, toHex, utf8, wrong } from "./bytes";
import type { Files } from "./container";

const MAX_SIGNATURES = 64;
const MAX_NOTE_CHARS = 128 << 10;
const MAX_PROOF_HASHES = 64;

export interface Key {
  name: string;
  id: string;
  key: Uint8Array;
}
export interface Signature {
  name: string;
  id: string;
  bytes: Uint8Array<ArrayBuffer>;
}
export interface Note {
  text: string;
  signatures: Signature[];
}
export interface Head {
  size: bigint;
  root: Uint8Array;
}

/** A key text, name+id+key, of type 1 (log, people) or 4 (witness). */
export function readKey(text: string, type: 1 | 4): Key | undefined {
  const match = /^([^+\s\p{Cc}]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/u.exec(text);
  const raw = match?.[3] === undefined ? undefined : fromBase64(match[3]);
  const [, name, id] = match ?? [];
  if (raw?.length !== 33 || raw[0] !== type || name === undefined || id === undefined) return undefined;
  const own = toHex(sha256(join(utf8(`${name}\n`), raw))).slice(0, 8);
  return own === id ? { name, id, key: raw.slice(1) } : undefined;
}

/** A line `— NAME SIGNATURE`, or nothing. */
export function readSignature(line: string): Signature | undefined {
  const match = /^— ([^+\s]+) ([A-Za-z0-9+/=]+)$/u.exec(line);
  const bytes = match?.[2] === undefined ? undefined : fromBase64(match[2]);
  if (!bytes || bytes.length < 5 || match?.[1] === undefined) return undefined;
  return { name: match[1], id: toHex(bytes.slice(0, 4)), bytes: bytes.slice(4) };
}

export function readNote(note: string): Note {
  const cut = note.lastIndexOf("\n\n");
  const lines = note.slice(cut + 2).split("\n");
  const isOdd =
    note.length > MAX_NOTE_CHARS || cut < 0 || lines.pop() !== "" || lines.length < 1 || lines.length > MAX_SIGNATURES;
  if (isOdd) wrong("note");
  const signatures = lines.map((line) => readSignature(line) ?? wrong("signature_line"));
  return { text: note.slice(0, cut + 1), signatures };
}

export function readHead(note: Note, origin: string): Head {
  const [name, size = "", root = "", rest, ...more] = note.text.split("\n");
  const hash = /^(0|[1-9][0-9]{0,18})$/.test(size) ? fromBase64(root) : undefined;
  if (hash?.length !== 32 || name !== origin || rest !== "" || more.length > 0 || BigInt(size) < 1n) wrong("head");
  return { size: BigInt(size), root: hash };
}

/** Whether `entry` is in the log under this head: RFC 9162, section 2.1.3.2. Gives its index. */
export function inLog(proof: string, entry: Uint8Array, head: Head, checkpoint: string): string {
  const cut = proof.indexOf("\n\n");
  const lines = proof.slice(0, Math.max(0, cut)).split("\n");
  const index = /^index (0|[1-9][0-9]{0,18})$/.exec(lines[1] ?? "")?.[1];
  if (cut < 0 || lines[0] !== "c2sp.org/tlog-proof@v1" || index === undefined || lines.length - 2 > MAX_PROOF_HASHES)
    wrong("proof");
  if (proof.slice(cut + 2) !== checkpoint) wrong("proof_elsewhere");
  let fn = BigInt(index);
  let sn = head.size - 1n;
  if (fn > sn) wrong("index");
  let hash = sha256(join(Uint8Array.of(0), entry));
  for (const line of lines.slice(2)) {
    const sibling = fromBase64(line);
    if (sibling?.length !== 32 || sn === 0n) wrong("proof_line");
    if (fn % 2n === 1n || fn === sn) {
      hash = sha256(join(Uint8Array.of(1), sibling, hash));
      while (fn % 2n === 0n && fn !== 0n) {
        fn /= 2n;
        sn /= 2n;
      }
    } else hash = sha256(join(Uint8Array.of(1), hash, sibling));
    fn /= 2n;
    sn /= 2n;
  }
  if (sn !== 0n || !equal(hash, head.root)) wrong("not_in_log");
  return index;
}

/** The entry that commits to these bytes. */
export function entryOf(salt: Uint8Array, record: Uint8Array, id: string, kind: string, at: string): string {
  const mac = hmac(salt, record);
  return `{"commitment":"${mac}","id":${JSON.stringify(id)},"kind":"${kind}","recorded_at":${JSON.stringify(at)},"v":1}`;
}

/** The entry in `folder` commits to the record beside it. */
export function opens(files: Files, folder: string, file: string, kind: string, id: unknown, at: unknown): void {
  const salt = files.get(`${folder}/salt.hex`)?.text ?? "";
  if (!/^[0-9a-f]{64}\n$/.test(salt)) wrong("salt");
  if (typeof id !== "string" || typeof at !== "string") wrong("record_field");
  const record = files.get(`${folder}/${file}`)?.bytes ?? wrong("missing", { name: file });
  const wanted = entryOf(fromHex(salt.slice(0, 64)), record, id, kind, at);
  if (files.get(`${folder}/entry.json`)?.text !== wanted) wrong("entry");
}

/** Whether a witness signed this note (C2SP tlog-cosignature, Ed25519), and when. */
export async function cosigned(key: Key, bytes: Uint8Array, note: Note): Promise<string | undefined> {
  if (bytes.length !== 72) return undefined;
  const time = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);
  if (time > 253_402_300_799n) return undefined;
  try {
    const fits = await ed25519(key.key, bytes.slice(8), utf8(`cosignature/v1\ntime ${time}\n${note.text}`));
    return fits ? new Date(Number(time) * 1000).toISOString() : undefined;
  } catch {
    return undefined;
  }
}
