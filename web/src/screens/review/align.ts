// Two stretches of text laid side by side, line by line, with what differs inside of a line marked.
//
// In:  two texts and the number of their first lines.
// Out: rows; in `isBounded` whether the comparison was given up because they differ too much.
//
// Invariants: what stands in the rows is the whole of both stretches in order; time and memory are bounded.
import { diffArrays, diffChars, diffWordsWithSpace } from "diff";

export interface Part {
  text: string;
  isChanged: boolean;
}
export interface Side {
  line: number;
  parts: Part[];
}
export interface Row {
  kind: "same" | "changed" | "left" | "right";
  left?: Side;
  right?: Side;
}
export interface Aligned {
  rows: Row[];
  isBounded: boolean;
}

const MAX_LINES_MS = 1_500;
const MAX_EDITS = 4_000;
const MAX_LINE_MS = 200;
const MAX_INSIDE_MS = 2_500;
/** Longer lines are not compared inside. */
const MAX_LINE = 20_000;

export function align(left: string, right: string, leftFirst: number, rightFirst: number): Aligned {
  const lefts = left.split(/\r?\n/);
  const rights = right.split(/\r?\n/);
  // Indents and spaces at the end are how it is set, not what is written.
  const bare = (text: string) => text.trim().replace(/\s+/g, " ");
  const found = diffArrays(lefts, rights, {
    comparator: (one, other) => bare(one) === bare(other),
    maxEditLength: MAX_EDITS,
    timeout: MAX_LINES_MS,
  });
  const rows: Row[] = [];
  const until = Date.now() + MAX_INSIDE_MS;
  let at = 0;
  let over = 0;
  const pair = (count: number, otherCount: number) => {
    for (let step = 0; step < Math.max(count, otherCount); step += 1) {
      const one = step < count ? lefts[at + step] : undefined;
      const other = step < otherCount ? rights[over + step] : undefined;
      rows.push(row(one, other, leftFirst + at + step, rightFirst + over + step, Date.now() < until));
    }
    at += count;
    over += otherCount;
  };
  if (!found) {
    pair(lefts.length, rights.length);
    return { rows, isBounded: true };
  }
  for (let place = 0; place < found.length; place += 1) {
    const change = found[place];
    const next = found[place + 1];
    if (!change) continue;
    if (!change.removed && !change.added) pair(change.count, change.count);
    else if (change.removed && next?.added) {
      pair(change.count, next.count);
      place += 1;
    } else if (change.removed) pair(change.count, 0);
    else pair(0, change.count);
  }
  return { rows, isBounded: false };
}

function row(
  left: string | undefined,
  right: string | undefined,
  leftLine: number,
  rightLine: number,
  inside: boolean,
): Row {
  if (left === undefined) return { kind: "right", right: { line: rightLine, parts: [whole(right ?? "", true)] } };
  if (right === undefined) return { kind: "left", left: { line: leftLine, parts: [whole(left, true)] } };
  if (left === right) {
    return {
      kind: "same",
      left: { line: leftLine, parts: [whole(left, false)] },
      right: { line: rightLine, parts: [whole(right, false)] },
    };
  }
  const isSpaceAlone = left.trim().replace(/\s+/g, " ") === right.trim().replace(/\s+/g, " ");
  const parts = isSpaceAlone || !inside ? undefined : insideOf(left, right);
  return {
    kind: isSpaceAlone ? "same" : "changed",
    left: { line: leftLine, parts: parts?.[0] ?? [whole(left, !isSpaceAlone)] },
    right: { line: rightLine, parts: parts?.[1] ?? [whole(right, !isSpaceAlone)] },
  };
}

const whole = (text: string, isChanged: boolean): Part => ({ text, isChanged });

/** Signs for scripts without spaces, words for the others: single letters in common say nothing there. */
function insideOf(left: string, right: string): [Part[], Part[]] | undefined {
  if (left.length > MAX_LINE || right.length > MAX_LINE) return undefined;
  const isHan = /\p{Script=Han}/u.test(left + right);
  const bounds = { timeout: MAX_LINE_MS, maxEditLength: MAX_EDITS };
  const found = isHan ? diffChars(left, right, bounds) : diffWordsWithSpace(left, right, bounds);
  if (!found) return undefined;
  const lefts: Part[] = [];
  const rights: Part[] = [];
  for (const { value, added, removed } of found) {
    if (!added) lefts.push({ text: value, isChanged: removed });
    if (!removed) rights.push({ text: value, isChanged: added });
  }
  return [lefts, rights];
}

export interface Stretch {
  text: string;
  /** The line on which it begins, from 1. */
  line: number;
}

/** A stretch by lines, counted from 1, the end excluded. */
export function byLines(text: string, [from, to]: readonly [number, number]): Stretch {
  return {
    text: text
      .split("\n")
      .slice(from - 1, to - 1)
      .join("\n"),
    line: from,
  };
}

/** A stretch by Unicode scalar values. */
export function byChars(text: string, [from, to]: readonly [number, number]): Stretch {
  let unit = 0;
  let seen = 0;
  let line = 1;
  let start = 0;
  while (unit < text.length && seen < to) {
    if (seen === from) start = unit;
    const code = text.codePointAt(unit) ?? 0;
    if (seen < from && code === 10) line += 1;
    unit += code > 0xffff ? 2 : 1;
    seen += 1;
  }
  return { text: seen > from ? text.slice(start, unit) : "", line };
}
