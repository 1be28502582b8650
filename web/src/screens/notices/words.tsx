// The words of a notice: of its template, and of the clock that it is about.
import { useMemo } from "react";
import { useProcedures } from "~/api/queries";
import type { Notice, Procedure } from "~/api/shapes";
import { useNames } from "~/parts/names";
import { useWords } from "~/words/words";

/** A notice names no procedure; the number of its matter does, between its agency and its year. */
export function procedureOf(number: string, procedures: Procedure[]): Procedure | undefined {
  const named = procedures.filter((one) => number.includes(`-${one.id}-`));
  return named.sort((a, b) => b.id.length - a.id.length || b.version - a.version)[0];
}

export interface NoticeWords {
  said: (notice: Notice) => string;
  stage: (matter: Notice["matter"]) => string;
}

export function useNoticeWords(): NoticeWords {
  const { t, maybe, pick } = useWords();
  const names = useNames();
  const { data } = useProcedures();
  return useMemo(() => {
    const procedures = data ?? [];
    const clock = (notice: Notice): string => {
      const here = procedureOf(notice.matter.number, procedures);
      for (const one of here ? [here, ...procedures] : procedures) {
        const found = one.clock.find((each) => each.id === notice.about);
        if (found) return pick(found.name);
      }
      return notice.about ?? t("notices.a_clock");
    };
    return {
      said: (notice) =>
        notice.template === "notice.clock"
          ? t("notices.clock", {
              clock: clock(notice),
              light: maybe(`notices.light.${notice.light ?? "other"}`, t("notices.light.other")),
            })
          : maybe(`notices.template.${notice.template.replace(/^notice\./, "")}`, t("notices.template.other")),
      stage: (matter) => {
        const here = procedureOf(matter.number, procedures);
        return here ? names.stage(here.id, matter.stage) : matter.stage;
      },
    };
  }, [t, maybe, pick, names, data]);
}
