// What people paste: lines out of Word, mails, tables and chats, as names of places that the server can look up.
//
// In:  any text, up to ten thousand lines of it.
// Out: links, accounts (`platform: account`), and by number the lines that are neither.
//
// Invariant: no line is dropped silently: each is a place, a repetition that is counted, or a bad line that is named.
import { halfWidth } from "~/words/format";

/** Of a longer paste the rest is counted and not read. */
export const MAX_LINES = 10_000;
export const MAX_LINE_CHARS = 2_000;
/** A matter names so many things at most; places beyond it go into a list that is filed as a paper. */
export const MAX_NAMED = 200;

export interface Bad {
  line: number;
  text: string;
}
export interface Pasted {
  links: string[];
  accounts: string[];
  bad: Bad[];
  repeated: number;
  /** Lines beyond the ten thousand. */
  beyond: number;
}

// Marks of width zero, direction marks, soft hyphens, what Word leaves for fields: nobody sees them and no server wants them.
const INVISIBLE = /[\p{Cc}\p{Cf}\ufff9-\ufffd]/gu;
const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\t]/g;
const QUOTES = /^["'“”‘’„«»「」『』《》〈〉<>`]+|["'“”‘’„«»「」『』《》〈〉<>`]+$/g;
const BULLET = /^(?:[•·●○■□▪◆◇※*–—-]+\s+|[(（]?\d{1,5}[)）.、:：]\s*(?=[^\d\s]))/u;
const TAIL = /[,，;；。、.]+$/u;

// Word and spreadsheets end lines in several ways.
const LINE_END = /\r\n|[\n\r\v\u2028\u2029]/;

/** One line as it was meant. */
export function cleaned(line: string): string {
  let text = line.normalize("NFC").replace(SPACES, " ").replace(INVISIBLE, "").trim();
  for (let before = ""; before !== text; ) {
    before = text;
    text = text.replace(BULLET, "").replace(QUOTES, "").replace(TAIL, "").trim();
  }
  return text;
}

const HAS_SCHEME = /https?\s*[:：]\s*[/／]{2}/iu;
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}(?::\d{1,5})?(?:[/?#]|$)/i;

/** The link of a line, or nothing: text around it (a title, a bracket) is no part of it. */
export function linkOf(line: string): string | undefined {
  // Chinese marks end a link; as half-width ones they could be part of it.
  const half = halfWidth(line.replace(/[，；（）！]/g, " "));
  const found = HAS_SCHEME.exec(half);
  let text = found ? half.slice(found.index).replace(/^(https?)\s*:\s*\/\//i, "$1://") : half;
  // A link ends where a space or a Chinese mark begins; Chinese letters may be part of its path.
  text = (/^[^\s"“”<>「」『』《》【】。、]+/u.exec(text)?.[0] ?? "").replace(/[)\],.;!]+$/, "");
  if (!found && !DOMAIN.test(text)) return undefined;
  try {
    const url = new URL(found ? text : `https://${text}`);
    if ((url.protocol !== "https:" && url.protocol !== "http:") || !url.hostname.includes(".")) return undefined;
    return url.username || url.password ? undefined : found ? text : `https://${text}`;
  } catch {
    return undefined;
  }
}

/** `platform: account`, or nothing. */
export function accountOf(line: string): string | undefined {
  const found = /^([^:：]{1,40})[:：]\s*(\S.{0,199})$/u.exec(line);
  const platform = found?.[1]?.trim();
  const account = found?.[2]?.trim();
  if (!platform || !account || /^https?$/i.test(platform) || account.startsWith("//")) return undefined;
  return `${platform}: ${account}`;
}

let last: { pasted: string; found: Pasted } | undefined;

/** The places in a paste; asked for the same text again, as a page that is drawn anew does, it is not read again. */
export function places(pasted: string): Pasted {
  if (last?.pasted !== pasted) last = { pasted, found: read(pasted) };
  return last.found;
}

function read(pasted: string): Pasted {
  const lines = pasted.split(LINE_END);
  const found: Pasted = {
    links: [],
    accounts: [],
    bad: [],
    repeated: 0,
    beyond: Math.max(0, lines.length - MAX_LINES),
  };
  const seen = new Set<string>();
  for (const [at, line] of lines.slice(0, MAX_LINES).entries()) {
    const text = cleaned(line.slice(0, MAX_LINE_CHARS + 1));
    if (text === "") continue;
    const link = text.length <= MAX_LINE_CHARS ? linkOf(text) : undefined;
    const account = link || text.length > MAX_LINE_CHARS ? undefined : accountOf(text);
    const place = link ?? account;
    if (!place) found.bad.push({ line: at + 1, text: text.slice(0, 80) });
    else if (seen.has(place)) found.repeated += 1;
    else {
      seen.add(place);
      (link ? found.links : found.accounts).push(place);
    }
  }
  return found;
}

/** The text without the lines that are neither link nor account. */
export function withoutBad(pasted: string): string {
  const bad = new Set(places(pasted).bad.map((one) => one.line));
  const lines = pasted.split(LINE_END);
  return lines.filter((_, at) => !bad.has(at + 1)).join("\n");
}

/** Registration numbers and the like, one a line or parted by commas. */
export function rightsOf(typed: string): string[] {
  const found = typed.split(/[\n\r,，;；、]/).map((line) => halfWidth(cleaned(line)).trim());
  return [...new Set(found.filter((one) => one !== ""))];
}
