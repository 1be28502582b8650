// Periods of figures: which days, the one before, and what the server is asked.
//
// Invariant: days are civil days, first and last included; the server's `until` is the day behind the last.
import dayjs from "dayjs";

export interface Period {
  from?: string;
  to?: string;
}

export const PRESETS = ["month", "last_month", "quarter", "year", "last_year", "twelve_months", "all"] as const;
export type Preset = (typeof PRESETS)[number];
const DAY = "YYYY-MM-DD";
const isDay = (text: string | undefined): text is string => text !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(text);

export function preset(name: Preset, today: string): Period {
  const now = dayjs(today);
  const whole = (from: dayjs.Dayjs, to: dayjs.Dayjs): Period => ({ from: from.format(DAY), to: to.format(DAY) });
  switch (name) {
    case "month":
      return whole(now.startOf("month"), now);
    case "last_month":
      return whole(now.subtract(1, "month").startOf("month"), now.subtract(1, "month").endOf("month"));
    case "quarter":
      return whole(now.month(Math.floor(now.month() / 3) * 3).startOf("month"), now);
    case "year":
      return whole(now.startOf("year"), now);
    case "last_year":
      return whole(now.subtract(1, "year").startOf("year"), now.subtract(1, "year").endOf("year"));
    case "twelve_months":
      return whole(now.subtract(12, "month").add(1, "day"), now);
    case "all":
      return {};
  }
}

/** What stands in an address, as far as it is a period; else the last twelve months. */
export function periodOf(asked: { from?: string; to?: string; all?: string }, today: string): Period {
  if (asked.all) return {};
  const { from, to } = asked;
  if (isDay(from) && isDay(to) && dayjs(from).isValid() && dayjs(to).isValid() && from <= to) return { from, to };
  return preset("twelve_months", today);
}

export function presetOf(period: Period, today: string): Preset | undefined {
  return PRESETS.find((name) => {
    const one = preset(name, today);
    return one.from === period.from && one.to === period.to;
  });
}

/**
 * The period before, of the same length: a whole month before a month, the same part of the year before for a part of one.
 * Nothing before everything.
 */
export function formerOf({ from, to }: Period): Period | undefined {
  if (!from || !to) return undefined;
  const [first, last] = [dayjs(from), dayjs(to)];
  const isWhole = first.date() === 1 && last.date() === last.daysInMonth();
  if (isWhole) {
    const months = (last.year() - first.year()) * 12 + last.month() - first.month() + 1;
    return {
      from: first.subtract(months, "month").format(DAY),
      to: first.subtract(1, "day").format(DAY),
    };
  }
  const days = last.diff(first, "day") + 1;
  return { from: first.subtract(days, "day").format(DAY), to: first.subtract(1, "day").format(DAY) };
}

type Kind = "began" | "ended" | "standing" | "overdue" | string;

/** The question for an indicator: some take a period, some a day, some neither. */
export function asked(kind: Kind, { from, to }: Period): { from?: string; until?: string } {
  if (kind === "overdue") return {};
  const until = to && dayjs(to).add(1, "day").format(DAY);
  return kind === "standing" ? { until } : { from, until };
}

/** The months of a period, as `2026-01`, so that a month in which nothing was stands among the others. */
export function months({ from, to }: Period, known: string[]): string[] {
  const sorted = [...known].sort();
  const first = from?.slice(0, 7) ?? sorted[0];
  const last = to?.slice(0, 7) ?? sorted.at(-1);
  if (!first || !last) return sorted;
  const all: string[] = [];
  for (let at = dayjs(`${first}-01`); at.format("YYYY-MM") <= last && all.length < 240; at = at.add(1, "month")) {
    all.push(at.format("YYYY-MM"));
  }
  return all;
}
