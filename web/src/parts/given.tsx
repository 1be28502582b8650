// What somebody gave with an act: reason, facts, papers, agencies; as a list.
import { Descriptions } from "antd";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { useFiles } from "~/api/queries";
import type { Given, Matter, Procedure } from "~/api/shapes";
import { useWords } from "~/words/words";
import { useFactWords } from "./facts";
import { useNames } from "./names";

/** Where a paper lies: a file of the matter by its name, or the number that it has on paper. */
export function PaperPlace({ matter, place }: { matter: string; place: string }) {
  const { t } = useWords();
  const isFile = place.startsWith("file:");
  const { data: files } = useFiles(matter);
  if (!isFile) return <>{place}</>;
  const id = place.slice("file:".length);
  const file = files?.find((one) => one.id === id);
  return <Link to={`/matters/${matter}/evidence?file=${id}`}>{file?.name ?? t("matter.file")}</Link>;
}

export function GivenView({ given, definition, matter }: { given: Given; definition: Procedure; matter: Matter }) {
  const { t, pick, language } = useWords();
  const names = useNames();
  const factWords = useFactWords();
  const rows: { key: string; label: string; children: ReactNode }[] = [];
  if (given.reason)
    rows.push({
      key: "reason",
      label: t("matter.ask.reason"),
      children: <span className="typed">{given.reason}</span>,
    });
  for (const [id, value] of Object.entries(given.facts ?? {})) {
    const name = pick(definition.fact.find((one) => one.id === id)?.name) || id;
    rows.push({ key: `f ${id}`, label: name, children: factWords(value, id) });
  }
  for (const [id, place] of Object.entries(given.papers ?? {})) {
    const name = pick(definition.paper.find((one) => one.id === id)?.name) || id;
    rows.push({ key: `p ${id}`, label: name, children: <PaperPlace matter={matter.id} place={place} /> });
  }
  for (const [id, agency] of Object.entries(given.counterparts ?? {})) {
    const name = pick(definition.counterpart.find((one) => one.id === id)?.name) || id;
    rows.push({ key: `c ${id}`, label: name, children: names.agency(agency) });
  }
  if (given.agency) rows.push({ key: "agency", label: t("matter.ask.agency"), children: names.agency(given.agency) });
  if (given.to_stage) {
    rows.push({
      key: "stage",
      label: t("matter.ask.stage"),
      children: names.stage(matter.procedure, given.to_stage, matter.procedure_version),
    });
  }
  if (given.clock) {
    const [unit, length] = Object.entries(given.length ?? {})[0] ?? ["days", 0];
    const clock = pick(definition.clock.find((one) => one.id === given.clock)?.name) || given.clock;
    const words = t(`matter.length.${unit as "days"}`, { count: length ?? 0 });
    rows.push({
      key: "clock",
      label: t("matter.ask.extension"),
      children: language === "zh" ? `${clock}，${words}` : `${clock}, ${words}`,
    });
  }
  if (rows.length === 0) return null;
  return <Descriptions size="small" column={1} bordered items={rows} className="given" />;
}
