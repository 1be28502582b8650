// Figures: how they are addressed, told in words, compared.
//
// Invariant: a value that nobody knows is told as such, and never as 0; a figure that cannot be compared is not.
import type { IndicatorDefinition } from "~/api/shapes";
import type { Words } from "~/words/words";
import { asked, type Period } from "./period";

export interface Part {
  group: string | null;
  /** What a number of JSON cannot hold is told as text. */
  value: number | string | null;
  part?: number;
  n: number;
  missing: number;
}

export interface Figure extends Omit<Part, "group"> {
  indicator: string;
  version: number;
  unit: string;
  aggregate: string;
  period: { first?: string | null; last?: string | null; day?: string; at?: string };
  by: string | null;
  parts: Part[];
  computed_at: string;
  is_complete: boolean;
}

export function figurePath(
  definition: Pick<IndicatorDefinition, "id" | "period">,
  period: Period,
  more: Record<string, string | undefined> = {},
  rest = "",
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...asked(definition.period, period), ...more }))
    if (value) query.set(name, value);
  const text = `${query}`;
  return `/api/v1/indicators/${encodeURIComponent(definition.id)}${rest}${text ? `?${text}` : ""}`;
}

export function toldValue(value: number | string | null, unit: string, words: Words): string {
  const { t, money, number, percent } = words;
  if (value === null) return t("indicators.no_value");
  if (typeof value === "string") return unit === "fen" ? t("indicators.unit.fen_exact", { value }) : value;
  switch (unit) {
    case "fen":
      return money(value);
    case "share":
      return percent(value);
    case "days":
      return t("indicators.unit.days", { count: value });
    case "months":
      return t("indicators.unit.months", { count: value });
    case "matters":
      return t("indicators.unit.matters", { count: value });
    case "clocks":
      return t("indicators.unit.clocks", { count: value });
    default:
      return number(value);
  }
}

export interface Change {
  direction: "up" | "down" | "same";
  /** The difference in the unit, without its sign; of shares in percentage points. */
  by: number;
  /** In parts of the value before, where that is not 0. */
  ratio: number | undefined;
}

export function change(now: Figure["value"], then: Figure["value"]): Change | undefined {
  if (typeof now !== "number" || typeof then !== "number") return undefined;
  const by = now - then;
  return {
    direction: by > 0 ? "up" : by < 0 ? "down" : "same",
    by: Math.abs(by),
    ratio: then === 0 ? undefined : Math.abs(by) / Math.abs(then),
  };
}

export function toldChange(changed: Change, unit: string, words: Words): string {
  const { t, number, percent } = words;
  if (changed.direction === "same") return t("indicators.change.same");
  const amount =
    unit === "share"
      ? t("indicators.unit.points", { count: number(changed.by * 100) })
      : toldValue(changed.by, unit, words);
  const said =
    unit === "share" || changed.ratio === undefined
      ? amount
      : t("indicators.change.with_ratio", { amount, ratio: percent(changed.ratio) });
  return t(changed.direction === "up" ? "indicators.change.up" : "indicators.change.down", { amount: said });
}

/** What a figure rests on, in one line: an own definition, or an instrument and its place in it. */
export function sourceOf(definition: IndicatorDefinition) {
  return definition.source.own ?? definition.source.cite;
}

/** For a cell of a file: fen as yuan, the others as they are. */
export function cellOf(value: Figure["value"], unit: string): number | string | null {
  return typeof value === "number" && unit === "fen" ? value / 100 : value;
}
