// A case file from what somebody typed.
//
// Invariant: what was not typed is not in it; nothing is filled in.
import { fenOf, halfWidth } from "~/words/format";
import { kindOf } from "./facts";
import type { Assessed, Certainty, Statement } from "./shapes";

export type How = "exactly" | "at_least" | "at_most";

export interface Line {
  name: string;
  how: How;
  typed: string;
  flag: boolean;
  certainty: Certainty | "";
}

export interface Typed {
  offence: string;
  person: "" | "natural" | "unit";
  from: string;
  to: string;
  judged_on: string;
  lines: Line[];
}

export const EMPTY: Typed = { offence: "", person: "", from: "", to: "", judged_on: "", lines: [] };
export const LINE: Line = { name: "", how: "exactly", typed: "", flag: true, certainty: "" };

/** A number of things as typed (`30,000`, `3万`); `undefined` where that is none. */
export function countOf(typed: string): number | undefined {
  const found = /^(\d{1,15})(?:\.(\d{1,8}))?(万|亿)?$/.exec(halfWidth(typed).replace(/[\s,，]/g, ""));
  if (!found) return undefined;
  const places = { 万: 4, 亿: 8 }[found[3] ?? ""] ?? 0;
  const fraction = (found[2] ?? "").replace(/0+$/, "");
  if (fraction.length > places) return undefined;
  const count = Number(`${found[1]}${fraction.padEnd(places, "0")}`);
  return Number.isSafeInteger(count) ? count : undefined;
}

export type Fault = "bad_money" | "bad_count" | "no_fact" | "bad_days" | "no_offence";

export function faultOf(line: Line): Fault | undefined {
  if (!line.name) return "no_fact";
  const kind = kindOf(line.name);
  if (kind === "money" && fenOf(line.typed) === undefined) return "bad_money";
  if (kind === "count" && countOf(line.typed) === undefined) return "bad_count";
  return undefined;
}

export function faultsOf(typed: Typed): Fault[] {
  const faults: Fault[] = typed.lines.flatMap((line) => faultOf(line) ?? []);
  if (!typed.offence) faults.push("no_offence");
  if (typed.from && typed.to && typed.to < typed.from) faults.push("bad_days");
  return faults;
}

function statement(line: Line, by: string | undefined): Statement {
  const said: Statement = {
    name: line.name,
    ...(by ? { stated_by: by } : {}),
    ...(line.certainty ? { certainty: line.certainty } : {}),
  };
  const kind = kindOf(line.name);
  if (kind === "flag") return { ...said, value: line.flag };
  const unit = kind === "money" ? "fen" : "count";
  const value = kind === "money" ? fenOf(line.typed) : countOf(line.typed);
  return { ...said, [line.how === "exactly" ? unit : `${line.how}_${unit}`]: value };
}

/** The case as the server takes it. */
export function caseOf(typed: Typed, by: string | undefined): Record<string, unknown> {
  const conduct = { ...(typed.from ? { from: typed.from } : {}), ...(typed.to ? { to: typed.to } : {}) };
  return {
    offence: typed.offence,
    ...(typed.person ? { person: typed.person } : {}),
    ...(Object.keys(conduct).length > 0 ? { conduct } : {}),
    ...(typed.judged_on ? { judged_on: typed.judged_on } : {}),
    facts: typed.lines.map((line) => statement(line, by)),
  };
}

/** What the last assessment was asked with; what the program drew by itself is drawn anew. */
export function typedOf(of: Assessed | undefined): Typed {
  if (!of) return EMPTY;
  const { sheet } = of;
  const person = sheet.person === "natural" || sheet.person === "unit" ? sheet.person : "";
  const stated = sheet.facts.filter((fact) => fact.stated_by !== "quanlian-case" && typeof fact.value !== "string");
  return {
    offence: sheet.offence,
    person,
    from: sheet.conduct?.from ?? "",
    to: sheet.conduct?.to ?? "",
    judged_on: sheet.judged_on ?? "",
    lines: stated.flatMap(linesOf),
  };
}

function linesOf(fact: Statement): Line[] {
  const base = { ...LINE, name: fact.name, certainty: fact.certainty ?? ("" as const) };
  if (typeof fact.value === "boolean") return [{ ...base, flag: fact.value }];
  const bounds: [How, number | undefined, number | undefined][] = [
    ["exactly", fact.fen, fact.count],
    ["at_least", fact.at_least_fen, fact.at_least_count],
    ["at_most", fact.at_most_fen, fact.at_most_count],
  ];
  return bounds.flatMap(([how, fen, count]) => {
    if (fen !== undefined) return [{ ...base, how, typed: `${fen / 100}` }];
    return count !== undefined ? [{ ...base, how, typed: `${count}` }] : [];
  });
}
