// The newest assessment of a matter, whole, and the form that asks for another.
import { useQuery } from "@tanstack/react-query";
import { Card, Select } from "antd";
import { useState } from "react";
import { json } from "~/api/client";
import { useFiles } from "~/api/queries";
import type { FileView } from "~/api/shapes";
import { Broken, Empty, Shown } from "~/parts/broken";
import { useNames } from "~/parts/names";
import { useWords } from "~/words/words";
import { Ask } from "./ask";
import { Changes, Frame, Open } from "./changes";
import { Conclusion, RuleSets, TransferDuty } from "./outcome";
import { Reasons } from "./reasons";
import type { Assessed, RuleSet } from "./shapes";
import "./law.css";

const NAME = "assessment.json";

export function Assessments({ matter }: { matter: string }) {
  const files = useFiles(matter);
  return (
    <Shown of={files}>
      {(all) => {
        const reports = all
          .filter((file) => file.kind === "report" && file.name === NAME && file.job && !file.withdrawn)
          .sort((one, other) => other.at.localeCompare(one.at));
        return <Chosen matter={matter} reports={reports} />;
      }}
    </Shown>
  );
}

function Chosen({ matter, reports }: { matter: string; reports: FileView[] }) {
  const { t, instant } = useWords();
  const names = useNames();
  const [wanted, setWanted] = useState<string>();
  const report = reports.find((one) => one.id === wanted) ?? reports[0];
  const assessed = useQuery({
    queryKey: ["content", matter, report?.id, "assessment"],
    enabled: report !== undefined,
    // Files never change.
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => json<Assessed>(`/api/v1/matters/${matter}/files/${report?.id}/content`),
  });
  if (!report) {
    return (
      <div className="stack">
        <Empty>{t("law.none")}</Empty>
        <Card size="small" title={t("law.ask.title")}>
          <Ask matter={matter} seen={undefined} />
        </Card>
      </div>
    );
  }
  const of = assessed.data;
  const isSound = of === undefined || Array.isArray(of.assessment?.rule_sets);
  return (
    <div className="stack">
      {reports.length > 1 && (
        // biome-ignore lint/a11y/noLabelWithoutControl: the control is the box inside
        <label className="row no-print">
          <span>{t("law.which")}</span>
          <Select
            aria-label={t("law.which")}
            value={report.id}
            onChange={setWanted}
            popupMatchSelectWidth={false}
            options={reports.map((one) => ({
              value: one.id,
              label: t("law.made", { at: instant(one.at), who: names.person(one.by) }),
            }))}
          />
        </label>
      )}
      {isSound ? (
        <Shown of={assessed}>{(data) => <Whole key={report.id} of={data} matter={matter} />}</Shown>
      ) : (
        <Broken error={new Error(t("law.unreadable"))} />
      )}
      <Card size="small" title={t("law.ask.again")} className="no-print">
        <Ask matter={matter} seen={isSound ? of : undefined} />
      </Card>
    </div>
  );
}

function Whole({ of, matter }: { of: Assessed; matter: string }) {
  const { t, pick, day } = useWords();
  const names = useNames();
  const { assessment } = of;
  const governs = assessment.rule_sets.find((set) => set.governs) ?? assessment.rule_sets[0];
  const [chosen, setChosen] = useState<RuleSet>();
  const shown = chosen ?? governs;
  const notes = of.notes.map((note) =>
    "zh" in note && "en" in note ? pick(note as never) : pick((note as never)["text"]),
  );
  const leftOut = (of.left_out ?? []).map((one) =>
    t("law.left_out_line", { suspect: one.suspect, work: one.work, who: names.person(one.by) }),
  );
  return (
    <div className="stack">
      <div className="grid-2">
        <Conclusion of={assessment} />
        <TransferDuty of={assessment.transfer} />
      </div>
      {shown && (
        <Card size="small" title={t("law.reasons_of", { day: day(shown.as_of) })}>
          <Reasons of={shown.reasons} matter={matter} />
        </Card>
      )}
      <RuleSets of={assessment} shown={shown} onShow={setChosen} />
      <Changes of={assessment} matter={matter} />
      <Card size="small" title={t("law.elements")}>
        <Reasons of={assessment.elements} matter={matter} isOpen />
      </Card>
      {shown && <Frame of={shown} matter={matter} />}
      <Open of={assessment} leftOut={leftOut} notes={notes.filter(Boolean)} />
    </div>
  );
}
