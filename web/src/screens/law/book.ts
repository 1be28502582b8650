// The rules of law as the API lists and shows them, and how a person reads their lines.
import type { Names } from "~/words/words";

export interface Open {
  question: Names;
  effect: Names;
}

/** A rule in the list. */
export interface RuleLine {
  id: string;
  kind: string;
  title: Names;
  citation: Names;
  versions: string[];
  verified: boolean;
  file: string;
  offences: string[];
  in_force: { from: string; until?: string | null }[];
  open: Open[];
}

export interface Source {
  law: string;
  number: string;
  article: string;
  cite: Names;
  gist: Names;
  checked: { on: string; verified: boolean; note?: Names | null };
}

export interface Version {
  from: string;
  to?: string | null;
  source?: Source | null;
  body: unknown;
}

/** A rule, whole. */
export interface Rule {
  id: string;
  kind: string;
  title: Names;
  source: Source;
  offences?: string[];
  versions: Version[];
  open?: Open[];
  examples?: { name: string }[];
}

export interface Fact {
  name: string;
  kind: string;
  title: Names;
}

/** Whether a rule is in force on a day; every rule is where no day is asked for. */
export const isInForce = (rule: RuleLine, on: string | undefined): boolean =>
  on === undefined || rule.in_force.some((one) => one.from <= on && (!one.until || on <= one.until));

/** Whether title, citation or id hold what is looked for, in either language. */
export function speaksOf(rule: RuleLine, words: string): boolean {
  const text = [rule.id, rule.title.zh, rule.title.en, rule.citation.zh, rule.citation.en].join("\n").toLowerCase();
  return words
    .normalize("NFKC")
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** A line of a rule that can be said in words: an amount or a number that a fact reaches. */
export interface Reached {
  id: string;
  tier: string;
  /** What has to be so for the line to count at all. */
  applies: string[];
  fact: string;
  threshold: { fen?: number; count?: number };
  verified: boolean;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** The lines of a version that are one fact reaching one value; nothing where any line says more, for then a table would leave something out. */
export function linesOf(body: unknown): Reached[] | undefined {
  const lines = isObject(body) && Array.isArray(body["lines"]) ? body["lines"] : undefined;
  if (!lines || lines.length === 0 || !isObject(body) || Object.keys(body).length > 1) return undefined;
  const said: Reached[] = [];
  for (const line of lines as unknown[]) {
    if (!isObject(line) || !isObject(line["condition"]) || Object.keys(line["condition"]).length !== 1)
      return undefined;
    const known = ["id", "tier", "applies", "condition", "verified", "against"];
    const applies = line["applies"] ?? [];
    if (!Array.isArray(applies) || !applies.every((one) => typeof one === "string")) return undefined;
    const reached = line["condition"]["at_or_above"];
    if (Object.keys(line).some((key) => !known.includes(key)) || !isObject(reached)) return undefined;
    const { fact, threshold } = reached;
    if (typeof fact !== "string" || !isObject(threshold)) return undefined;
    const { fen, count, ...more } = threshold;
    if (Object.keys(more).length > 0 || Object.keys(reached).length > 2) return undefined;
    if (typeof fen !== "number" && typeof count !== "number") return undefined;
    said.push({
      id: String(line["id"]),
      tier: String(line["tier"]),
      applies,
      fact,
      threshold: typeof fen === "number" ? { fen } : { count: count as number },
      verified: line["verified"] === true,
    });
  }
  return said;
}
