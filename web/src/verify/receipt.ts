// A single file against what somebody gives for it: a digest, or the receipt of its deposit.
//
// Invariant: what a receipt cannot prove (that the entry stands in the log) is never said of it.
import type { MessageKey } from "~/words/keys";
import { type Fields, fromCanonical, fromHex, isDigest, utf8, type Values, Wrong, wrong } from "./bytes";
import { chain } from "./custody";
import { entryOf } from "./log";

export interface Given {
  digests: { algorithm: "sha256" | "sm3" | "any"; digest: string }[];
  receipt?: { index: string; at: string; fault?: { said: MessageKey; values: Values } };
}

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const MAX_CHARS = 4 << 20;

/** What was given, or nothing where it is neither digest nor receipt. */
export function readGiven(text: string): Given | undefined {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed.length > MAX_CHARS) return undefined;
  const found = trimmed.toLowerCase().match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g);
  if (!trimmed.startsWith("{"))
    return found ? { digests: [...new Set(found)].map((digest) => ({ algorithm: "any", digest })) } : undefined;
  let outer: unknown;
  try {
    outer = JSON.parse(trimmed);
  } catch {
    return undefined;
  }
  if (!isObject(outer)) return undefined;
  // As saved here, as the API gives it inside a file, or the receipt alone.
  const file =
    isObject(outer["receipt"]) && isObject((outer["receipt"] as Fields)["receipt"])
      ? (outer["receipt"] as Fields)
      : outer;
  const own = isObject(file["receipt"]) ? file["receipt"] : file;
  return isObject(own) && typeof own["deposit_json"] === "string" ? ofReceipt(own, file) : undefined;
}

function ofReceipt(own: Fields, file: Fields): Given {
  const index = String(own["log_index"] ?? file["log_index"] ?? "–");
  const given: Given = { digests: [], receipt: { index, at: "–" } };
  try {
    const text = own["deposit_json"] as string;
    const deposit = fromCanonical(text, "deposit_json");
    const content = deposit["content"];
    if (!isObject(content) || !isDigest(content["sha256"]) || !isDigest(content["sm3"])) wrong("deposit");
    given.digests = [
      { algorithm: "sha256", digest: content["sha256"] },
      { algorithm: "sm3", digest: content["sm3"] },
    ];
    const { id, deposited_at, custody_sha256 } = deposit;
    if (typeof id !== "string" || typeof deposited_at !== "string") wrong("record_field");
    given.receipt = { index, at: deposited_at };
    const salt = own["salt"];
    if (!isDigest(salt)) wrong("salt");
    if (own["entry_json"] !== entryOf(fromHex(salt), utf8(text), id, "deposit", deposited_at)) wrong("entry");
    const custody = own["custody"];
    if (!Array.isArray(custody) || !custody.every((line) => typeof line === "string")) wrong("chain_cut");
    chain(`${custody.join("\n")}\n`, { id, custody_sha256 }, index);
  } catch (error) {
    const fault =
      error instanceof Wrong
        ? { said: `verify.wrong.${error.code}` as const, values: error.values }
        : { said: "verify.wrong.other" as const, values: { detail: String(error) } };
    given.receipt = { index, at: given.receipt?.at ?? "–", fault };
  }
  return given;
}
