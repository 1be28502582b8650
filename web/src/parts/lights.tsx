// Lights of clocks and what is left of the time; never by colour alone.
import { Tooltip } from "antd";
import type { ClockView, Light } from "~/api/shapes";
import { today } from "~/words/format";
import { useWords } from "~/words/words";

export function LightMark({ light, children }: { light: Light; children?: React.ReactNode }) {
  const { t } = useWords();
  return (
    <span className={`light light-${light}`}>
      <span className="hidden-text">{t(`frame.light.${light}`)}</span>
      {children ?? t(`frame.light.${light}`)}
    </span>
  );
}

/** What words need of a clock. */
type Stands = Pick<ClockView, "state" | "due_on" | "due_at" | "days_left" | "overdue_days"> &
  Partial<Pick<ClockView, "missing_year">>;

/** How a clock stands, in words. */
export function useClockWords(): (clock: Stands) => string {
  const { t, day } = useWords();
  return (clock) => {
    if (clock.state === "undetermined") {
      return clock.missing_year
        ? t("frame.clock.no_calendar", { year: clock.missing_year })
        : t("frame.clock.undetermined");
    }
    const due = day(clock.due_at ?? clock.due_on);
    if (clock.state === "running" && clock.days_left !== null) {
      return clock.days_left === 0
        ? t("frame.clock.today", { due })
        : t("frame.clock.left", { count: clock.days_left, due });
    }
    if (clock.state === "overdue") return t("frame.clock.overdue", { count: clock.overdue_days, due });
    return due
      ? t("frame.clock.with_due", { state: t(`frame.clock.state.${clock.state}`), due })
      : t(`frame.clock.state.${clock.state}`);
  };
}

/** The day on which a matter of a list has something due. */
export function DueOn({ on }: { on: string | null }) {
  const { t, day } = useWords();
  if (!on) return <span className="quiet">–</span>;
  const days = Math.round((Date.parse(on) - Date.parse(today())) / 86_400_000);
  // Working days are the server's to count; a list tells past, soon and later by the calendar alone.
  const light: Light = days < 0 ? "red" : days <= 3 ? "yellow" : "green";
  const words = days < 0 ? t("frame.due.past") : days === 0 ? t("frame.due.today") : t("frame.due.in", { count: days });
  return (
    <Tooltip title={words}>
      <span>
        <LightMark light={light}>
          {day(on)} <span className="quiet">{words}</span>
        </LightMark>
      </span>
    </Tooltip>
  );
}
