// For which period: one of the usual ones, or any two days; in the address.
import { DatePicker, Select } from "antd";
import dayjs from "dayjs";
import { useMemo } from "react";
import { useUrl } from "~/parts/url";
import { today } from "~/words/format";
import { useWords } from "~/words/words";
import { type Period, PRESETS, type Preset, periodOf, preset, presetOf } from "./period";

export function usePeriod(): [Period, (period: Period) => void, string] {
  const [url, setUrl] = useUrl(["from", "to", "all"]);
  const period = useMemo(() => periodOf(url, today()), [url]);
  const set = ({ from, to }: Period) =>
    setUrl(from && to ? { from, to, all: undefined } : { from: undefined, to: undefined, all: "1" }, { push: true });
  const text = period.from && period.to ? `${new URLSearchParams({ from: period.from, to: period.to })}` : "all=1";
  return [period, set, text];
}

export function PeriodBar({ period, onChange }: { period: Period; onChange: (period: Period) => void }) {
  const { t } = useWords();
  const now = today();
  return (
    <search className="row no-print" aria-label={t("indicators.period.label")}>
      <Select<Preset | "own">
        aria-label={t("indicators.period.label")}
        style={{ minWidth: 150 }}
        value={presetOf(period, now) ?? "own"}
        options={[
          ...PRESETS.map((name) => ({ value: name, label: t(`indicators.period.${name}`) })),
          { value: "own" as const, label: t("indicators.period.own"), disabled: true },
        ]}
        onChange={(name) => name !== "own" && onChange(preset(name, now))}
      />
      <DatePicker.RangePicker
        aria-label={t("indicators.period.days")}
        value={period.from && period.to ? [dayjs(period.from), dayjs(period.to)] : null}
        onChange={(days) => {
          const [from, to] = days ?? [];
          if (from && to) onChange({ from: from.format("YYYY-MM-DD"), to: to.format("YYYY-MM-DD") });
          else onChange({});
        }}
      />
    </search>
  );
}

/** The period that a figure is really of, in words. */
export function usePeriodWords() {
  const { t, day, instant } = useWords();
  return ({ first, last, day: on, at }: { first?: string | null; last?: string | null; day?: string; at?: string }) => {
    if (at) return t("indicators.of.now", { at: instant(at) });
    if (on) return t("indicators.of.day", { day: day(on) });
    if (first && last) return t("indicators.of.days", { first: day(first), last: day(last) });
    return t("indicators.of.all");
  };
}
