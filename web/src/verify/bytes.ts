// Bytes, texts and digests as the evidence bundle writes them (docs/BUNDLE.md, docs/LOG.md).
//
// Invariant: a text has one spelling: base64 with padding, hexadecimal in lower case, JSON with sorted keys and no space. Another spelling is refused.
// Digests are our own, so that they are there on pages without a secure context; signatures need WebCrypto, and their absence is said.
import { Sha256 } from "~/digest/sha256";
import type { MessageKey } from "~/words/keys";

export type Values = Record<string, string | number>;
type WrongCode = MessageKey extends infer Key ? (Key extends `verify.wrong.${infer Code}` ? Code : never) : never;

/** What does not hold, by the code of its words. */
export class Wrong extends Error {
  constructor(
    readonly code: WrongCode,
    readonly values: Values = {},
  ) {
    super(code);
  }
}
export function wrong(code: WrongCode, values: Values = {}): never {
  throw new Wrong(code, values);
}

const encoder = new TextEncoder();
export const utf8 = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);
export const decode = (bytes: Uint8Array): string =>
  new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
export const fromHex = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
export const equal = (one: Uint8Array, two: Uint8Array): boolean =>
  one.length === two.length && one.every((byte, at) => byte === two[at]);
export const isDigest = (text: unknown): text is string => typeof text === "string" && /^[0-9a-f]{64}$/.test(text);

export function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Base64 in its one spelling, or nothing. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0) return undefined;
  try {
    const raw = atob(text);
    return btoa(raw) === text ? Uint8Array.from(raw, (sign) => sign.charCodeAt(0)) : undefined;
  } catch {
    return undefined;
  }
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Fields = { [key: string]: Json | undefined };

export function canonical(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map(canonical)}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)}}`;
}

/** A record whose canonical bytes are exactly this text. */
export function fromCanonical(text: string, what: string): Fields {
  let value: Json = null;
  try {
    value = JSON.parse(text) as Json;
    if (canonical(value) !== text) value = null;
  } catch {
    value = null;
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) wrong("record", { what });
  return value;
}

export const sha256 = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => fromHex(new Sha256().update(bytes).hex());

/** HMAC-SHA-256 (RFC 2104) in hexadecimal; keys are 32 bytes here. */
export function hmac(key: Uint8Array, bytes: Uint8Array): string {
  const pad = (with_: number) => Uint8Array.from({ length: 64 }, (_, at) => (key[at] ?? 0) ^ with_);
  const inner = new Sha256().update(pad(0x36)).update(bytes).hex();
  return new Sha256().update(pad(0x5c)).update(fromHex(inner)).hex();
}

export async function ed25519(key: Uint8Array, signature: Uint8Array, bytes: Uint8Array): Promise<boolean> {
  const own = (part: Uint8Array) => Uint8Array.from(part);
  const imported = await crypto.subtle.importKey("raw", own(key), { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, imported, own(signature), own(bytes));
}

/** Whether this browser verifies Ed25519: tried on RFC 8032, section 7.1, test 2. */
export async function knowsEd25519(): Promise<boolean> {
  const key = fromHex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const signature = fromHex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  );
  try {
    return (
      (await ed25519(key, signature, Uint8Array.of(0x72))) && !(await ed25519(key, signature, Uint8Array.of(0x73)))
    );
  } catch {
    return false;
  }
}

const CRC = Uint32Array.from({ length: 256 }, (_, at) => {
  let c = at;
  for (let bit = 0; bit < 8; bit += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});
export function crc32(bytes: Uint8Array, crc: number): number {
  let sum = crc;
  for (let at = 0; at < bytes.length; at += 1) sum = (CRC[(sum ^ (bytes[at] as number)) & 255] as number) ^ (sum >>> 8);
  return sum;
}
