// A match in words: how likely by chance, how much is common, how it was changed.
import type { Match } from "~/api/shapes";
import { useWords } from "~/words/words";

/** Below this the engine does not count on. */
export const LEAST = 1e-300;

/** A number as mantissa and exponent of ten; what is near to one as it is. */
export function power(value: number): { mantissa: string; exponent?: string } {
  if (value === 0 || (value >= 0.001 && value < 10_000)) return { mantissa: `${Number(value.toPrecision(2))}` };
  const [mantissa = "1", exponent = "0"] = value.toExponential(1).split("e");
  return { mantissa: mantissa === "1.0" ? "" : mantissa, exponent: exponent.replace("+", "").replace("-", "−") };
}

/** A key of what has no other name than its place, and keeps it. */
export const nth = (place: number): string => `nth-${place}`;

export const isArea = (numbers: readonly number[]): boolean => numbers.length === 4;

/** `1:02.5` */
export function clock(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  const minutes = Math.floor(seconds / 60);
  const rest = (seconds - minutes * 60).toFixed(1).padStart(4, "0");
  const hours = Math.floor(minutes / 60);
  return hours > 0 ? `${hours}:${`${minutes % 60}`.padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** How much of the suspect is common; nothing for pictures with several areas. */
export function commonOf(found: Match): number {
  return found.segments.reduce((sum, { suspect }) => sum + Math.max(0, (suspect[1] ?? 0) - (suspect[0] ?? 0)), 0);
}

export interface Told {
  common: (found: Match) => string;
  changes: (found: Match) => string[];
  range: (unit: string, range: readonly number[]) => string;
}

export function useTold(): Told {
  const { t, number, percent } = useWords();
  return {
    common: (found) => {
      const [first] = found.segments;
      if (!first) return "";
      const many = found.segments.length;
      if (isArea(first.suspect)) {
        if (many > 1) return t("review.said.areas", { count: many });
        const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = first.suspect as number[];
        return t("review.said.area", { width: x1 - x0, height: y1 - y0 });
      }
      const all = commonOf(found);
      const what =
        first.unit === "ms"
          ? t("review.said.seconds", { value: number(Math.round(all / 100) / 10) })
          : t(first.unit === "line" ? "review.said.lines" : "review.said.chars", { count: all });
      return many > 1 ? t("review.said.places", { what, count: many }) : what;
    },
    changes: (found) => {
      const told: string[] = [];
      const { transform } = found;
      if (transform) {
        const speed = Number(transform["time_scale"] ?? 1) - 1;
        const pitch = Number(transform["pitch_scale"] ?? 1) - 1;
        const by = (share: number) => ({ percent: percent(Math.abs(share)) });
        if (Math.abs(speed) >= 0.001) told.push(t(speed > 0 ? "review.said.faster" : "review.said.slower", by(speed)));
        if (Math.abs(pitch) >= 0.001) told.push(t(pitch > 0 ? "review.said.higher" : "review.said.lower", by(pitch)));
        if (transform["mirrored"]) told.push(t("review.said.mirrored"));
        if (told.length === 0) told.push(t("review.said.unchanged"));
      }
      const carried = (found["evidence"] as { carried_by?: string } | undefined)?.carried_by;
      if (carried === "picture" || carried === "sound" || carried === "both")
        told.push(t(`review.said.carried_${carried}`));
      return told;
    },
    range: (unit, range) => {
      const [from = 0, to = 0] = range;
      if (isArea(range)) return `(${range[0]}, ${range[1]}) – (${range[2]}, ${range[3]})`;
      return unit === "ms"
        ? `${clock(from)} – ${clock(to)}`
        : `${number(unit === "line" ? from : from + 1)} – ${number(unit === "line" ? to - 1 : to)}`;
    },
  };
}
