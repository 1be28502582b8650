// What people type and paste: out of Word, Excel and Chinese input methods, into the form that the server takes.
//
// Invariant: nothing that can be seen is lost; what does not show (marks of Word, joiners, controls) does not stay.
import type { Identifier } from "~/api/shapes";
import { halfWidth } from "~/words/format";

// Controls, soft hyphens, joiners, signs that turn the direction of writing, marks of objects, private signs of Word's symbol fonts.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\uFFFC]/gu;
const CONDITIONAL = /<!--\[if[\s\S]*?<!\[endif\]-->/g;

/** Text of several lines without what does not show. */
export function cleanText(text: string): string {
  return text
    .replace(CONDITIONAL, "")
    .replaceAll("\v", "\n")
    .replace(/\r\n?|\u2028|\u2029/g, "\n")
    .replace(/[\u00A0\u2007\u202F]/g, " ")
    .replace(HIDDEN, (sign) => (sign === "\n" || sign === "\t" ? sign : ""))
    .normalize("NFC");
}

/** A name: one line, no space at its ends. */
export function cleanLine(text: string): string {
  return cleanText(text).replace(/\s+/g, " ").trim();
}

/** One entry a line. */
export function linesOf(text: string | undefined): string[] {
  return cleanText(text ?? "")
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

/** A number of a paper as the server keeps it. */
export function cleanNumber(text: string): string {
  return halfWidth(cleanText(text)).replace(/\s/g, "").toUpperCase();
}

/** A whole number from 1, as typed: `１，０００`. */
export function countOf(text: string): number | undefined {
  const digits = halfWidth(cleanText(text)).replace(/[\s,]/g, "");
  if (!/^\d{1,10}$/.test(digits)) return undefined;
  const count = Number(digits);
  return count >= 1 && count <= 1_000_000_000 ? count : undefined;
}

/** A civil day as typed: `2024-3-28`, `2024年3月28日`, `2024/3/28`, `20240328`. */
export function dayOf(text: string): string | undefined {
  const typed = halfWidth(cleanText(text)).replace(/\s/g, "");
  const found =
    /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$/.exec(typed) ?? /^(\d{4})(\d{2})(\d{2})$/.exec(typed) ?? undefined;
  if (!found) return undefined;
  const [, year = "", month = "", day = ""] = found;
  const text10 = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  const at = new Date(`${text10}T00:00:00Z`);
  return Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== text10 ? undefined : text10;
}

const CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY";
const CREDIT_WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
const RESIDENT_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** Whether the check digit is right (GB 32100-2015, GB 11643-1999); `undefined` where the kind has none. */
export function isRight(kind: Identifier["kind"], typed: string): boolean | undefined {
  const number = cleanNumber(typed);
  if (kind === "credit_code") {
    const values = [...number].map((sign) => CREDIT_SIGNS.indexOf(sign));
    if (values.length !== 18 || values.includes(-1)) return false;
    const sum = CREDIT_WEIGHTS.reduce((total, weight, at) => total + weight * (values[at] ?? 0), 0);
    return values[17] === (31 - (sum % 31)) % 31;
  }
  if (kind === "resident_id") {
    if (!/^\d{17}[\dX]$/.test(number) || !dayOf(number.slice(6, 14))) return false;
    const sum = RESIDENT_WEIGHTS.reduce((total, weight, at) => total + weight * Number(number[at]), 0);
    return number[17] === "10X98765432"[sum % 11];
  }
  return undefined;
}

/** What kind of number this is, by how it is written. */
export function kindOfNumber(typed: string): Identifier["kind"] {
  const number = cleanNumber(typed);
  if (isRight("resident_id", number)) return "resident_id";
  if (isRight("credit_code", number)) return "credit_code";
  if (/^\d{17}[\dX]$/.test(number) && dayOf(number.slice(6, 14))) return "resident_id";
  if (/^[159NY][0-9A-Z]{17}$/.test(number)) return "credit_code";
  if (/^[EGDPS][A-Z]?\d{7,8}$/.test(number)) return "passport";
  return "other";
}

/** All but the ends: enough to tell two apart, not enough to misuse. */
export function masked(text: string): string {
  const signs = [...text];
  if (signs.length <= 4) return "*".repeat(signs.length);
  const ends = signs.length >= 11 ? [3, 4] : [1, 2];
  const [head = 1, tail = 2] = ends;
  return signs.slice(0, head).join("") + "*".repeat(signs.length - head - tail) + signs.slice(-tail).join("");
}

const bytes = new TextEncoder();
/** The server counts bytes: 500 of a name, 4000 of a remark. */
export function isTooLong(text: string | undefined, most: number): boolean {
  return bytes.encode(text ?? "").length > most;
}

/** The cells of a pasted table: tabs between, quoted where a cell holds line ends (as Excel writes it); commas where there is no tab. */
export function cellsOf(pasted: string): string[][] {
  const text = pasted.replace(CONDITIONAL, "").replace(/\r\n?/g, "\n");
  const between = text.includes("\t") ? "\t" : /[,，;；|]/.exec(text.split("\n")[0] ?? "")?.[0];
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let isQuoted = false;
  const endCell = () => {
    row.push(cleanText(cell).trim());
    cell = "";
  };
  const endRow = () => {
    endCell();
    if (row.some(Boolean)) rows.push(row);
    row = [];
  };
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (isQuoted) {
      if (sign !== '"') cell += sign;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else isQuoted = false;
    } else if (sign === '"' && cell === "" && hasEnd(text, at + 1, between)) isQuoted = true;
    else if (sign === between) endCell();
    else if (sign === "\n") endRow();
    else cell += sign;
  }
  endRow();
  return rows;
}

/** Whether a quote that opens a cell is one of the table, closed at the end of a cell, and not a sign of the text. */
function hasEnd(text: string, from: number, between: string | undefined): boolean {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    if (text[at + 1] === '"') at += 1;
    else return text[at + 1] === undefined || text[at + 1] === "\n" || text[at + 1] === between;
  }
  return false;
}
