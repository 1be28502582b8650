// Names that are asked about: one in a line, pasted from anywhere, at most so many at once.
import { halfWidth } from "~/words/format";

export const KINDS = ["rights", "links", "accounts", "platform_ids"] as const;
export type Kind = (typeof KINDS)[number];
export type Typed = Record<Kind, string>;
export const MAX_ASKED = 50;
/** Of one name; what is longer is no name but a text that slipped in. */
export const MAX_SIGNS = 500;

/** The lines of a text, without what word processors and tables bring along; each once. */
export function namesOf(text: string): string[] {
  const lines = text.split(/[\r\n\t\v\f\u0085\u2028\u2029]+/).map((line) =>
    line
      .replace(/[\p{Cc}\p{Cf}]/gu, "")
      .replace(/\u00a0/g, " ")
      .trim(),
  );
  return [...new Set(lines.filter((line) => line !== ""))];
}

export interface Asked {
  named: Record<Kind, string[]>;
  count: number;
  tooLong: string[];
}

export function asked(typed: Typed): Asked {
  const named = Object.fromEntries(KINDS.map((kind) => [kind, namesOf(typed[kind])])) as Record<Kind, string[]>;
  // Numbers of rights are mostly typed with a Chinese input method.
  named.rights = [...new Set(named.rights.map(halfWidth))];
  const all = KINDS.flatMap((kind) => named[kind]);
  return { named, count: all.length, tooLong: all.filter((name) => name.length > MAX_SIGNS) };
}
