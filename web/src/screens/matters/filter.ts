// The filter of the list of matters: what stands in the address, and what the server is asked.
//
// Invariant: an address that somebody was sent, whatever stands in it, is a question that the server understands.
import type { MatterFilter } from "~/api/queries";
import { halfWidth } from "~/words/format";

export const NAMES = [
  "procedure",
  "stage",
  "status",
  "handler",
  "due_before",
  "number",
  "sort",
  "direction",
  "view",
] as const;
export type Name = (typeof NAMES)[number];
export type Filter = Partial<Record<Name, string>>;

export const STATUSES = ["working", "waiting", "suspended", "closed"] as const;
export const SORTS = ["changed", "opened", "due", "amount"] as const;
/** What narrows the list, and not how it is shown. */
export const NARROWING = ["procedure", "stage", "status", "handler", "due_before", "number"] as const;
/** Rows of a page; the server gives no more. */
export const PAGE = 200;

const oneOf = (value: string | undefined, of: readonly string[]) =>
  value !== undefined && of.includes(value) ? value : undefined;

export function question(filter: Filter): MatterFilter {
  const due = filter.due_before && /^\d{4}-\d{2}-\d{2}$/.test(filter.due_before) ? filter.due_before : undefined;
  return {
    procedure: filter.procedure,
    stage: filter.stage,
    status: oneOf(filter.status, STATUSES),
    handler: filter.handler,
    due_before: due,
    number: filter.number ? halfWidth(filter.number).trim() : undefined,
    sort: oneOf(filter.sort, SORTS),
    direction: oneOf(filter.direction, ["ascending", "descending"]),
    view: oneOf(filter.view, ["clocks"]),
    limit: PAGE,
  };
}

/** How the next click on a head sorts: first as one mostly wants it, then the other way round. */
export function sortNext(filter: Filter, by: string): Pick<Filter, "sort" | "direction"> {
  const usual = by === "due" ? "ascending" : "descending";
  if ((filter.sort ?? "changed") !== by) return { sort: by, direction: usual };
  const now = filter.direction ?? "descending";
  return { sort: by, direction: now === "descending" ? "ascending" : "descending" };
}

/** The filter as an address holds it, in one order, so that two same filters are the same text. */
export function address(filter: Filter): string {
  const asked = new URLSearchParams();
  for (const name of NAMES) if (filter[name]) asked.set(name, filter[name]);
  return `${asked}`;
}

export function read(text: string): Filter {
  const asked = new URLSearchParams(text);
  const found: Filter = {};
  for (const name of NAMES) {
    const value = asked.get(name);
    if (value) found[name] = value;
  }
  return found;
}

export interface Saved {
  name: string;
  query: string;
}

export const MAX_SAVED = 50;

/** What a browser kept may be anything: what is no filter is left out. */
export function savedOf(text: string | null): Saved[] {
  try {
    const kept: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(kept)) return [];
    return kept
      .filter(
        (one): one is Saved =>
          typeof one === "object" && one !== null && typeof one.name === "string" && typeof one.query === "string",
      )
      .map(({ name, query }) => ({ name: name.slice(0, 40), query: address(read(query)) }))
      .slice(0, MAX_SAVED);
  } catch {
    return [];
  }
}

/** With a filter under a name; one of the same name is replaced. */
export function withSaved(all: Saved[], name: string, filter: Filter): Saved[] {
  const one = { name: name.trim().slice(0, 40), query: address(filter) };
  return [...all.filter((other) => other.name !== one.name), one].slice(-MAX_SAVED);
}
