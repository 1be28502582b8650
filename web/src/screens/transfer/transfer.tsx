// The desk of transfers to the police and their supervision (行刑衔接): what is late, what waits for whom, by stage.
//
// For who transfers, who receives and who watches alike: each sees what the own agency has or was let into.
import { Alert, Card, Empty, Segmented, Tag } from "antd";
import { useSearchParams } from "react-router";
import { useMatters, useSession } from "~/api/queries";
import type { MatterRow, Procedure } from "~/api/shapes";
import { Shown } from "~/parts/broken";
import { MatterTable } from "~/parts/matter-table";
import { useNames } from "~/parts/names";
import { nextActs } from "~/parts/next-act";
import { OpenMatter } from "~/parts/open-matter";
import { Page } from "~/parts/page";
import { today } from "~/words/format";
import type { MessageKey } from "~/words/keys";
import { useWords } from "~/words/words";

/** The procedures between agencies, each a desk. */
const DESKS: { id: string; words: MessageKey; why: MessageKey }[] = [
  { id: "criminal-transfer", words: "transfer.desk.transfer", why: "transfer.why.transfer" },
  { id: "filing-supervision", words: "transfer.desk.supervision", why: "transfer.why.supervision" },
  { id: "joint-operation", words: "transfer.desk.operation", why: "transfer.why.operation" },
  { id: "jurisdiction-dispute", words: "transfer.desk.dispute", why: "transfer.why.dispute" },
];
const MOST = 200;
const COLUMNS = ["matter", "stage", "due_on", "owner_agency", "next"] as const;

export function Component() {
  const { t } = useWords();
  const [asked, setAsked] = useSearchParams();
  const { data: who } = useSession();
  const usual = who?.roles.some((role) => role.includes("procurator")) ? "filing-supervision" : "criminal-transfer";
  const desk = DESKS.find((one) => one.id === (asked.get("desk") ?? usual)) ?? DESKS[0];
  if (!desk) return null;
  return (
    <Page title={t("frame.nav.transfer")} actions={<OpenMatter />}>
      <div className="stack">
        <Segmented
          aria-label={t("transfer.desks")}
          value={desk.id}
          onChange={(id) => setAsked({ desk: id })}
          options={DESKS.map((one) => ({ value: one.id, label: t(one.words) }))}
        />
        <p className="quiet">{t(desk.why)}</p>
        {desk.id === "filing-supervision" && <Refused />}
        <Desk key={desk.id} procedure={desk.id} />
      </div>
    </Page>
  );
}

function Desk({ procedure }: { procedure: string }) {
  const { t, pick } = useWords();
  const names = useNames();
  const { data: who } = useSession();
  const [asked, setAsked] = useSearchParams();
  const found = useMatters({ procedure, sort: "due", direction: "ascending", limit: MOST });
  const stage = asked.get("stage");
  return (
    <Shown of={found} isEmpty={({ matters }) => matters.length === 0} empty={t("transfer.none")}>
      {({ matters, next, count }) => {
        const definition: Procedure | undefined = names.definition(procedure);
        const open = matters.filter((one) => one.status !== "closed");
        const late = open.filter((one) => one.due_on !== null && one.due_on < today());
        const mine =
          who && definition
            ? open.filter((one) => !late.includes(one) && nextActs(one, definition, who).length > 0)
            : [];
        const stages = (definition?.stage ?? []).filter((one) => matters.some((row) => row.stage === one.id));
        const shown = matters.filter((one) => (stage ? one.stage === stage : one.status !== "closed"));
        return (
          <div className="stack">
            {next && <Alert type="info" showIcon title={t("transfer.more", { shown: matters.length, count })} />}
            <Part title={t("transfer.late")} rows={late} light="red" none={t("transfer.none_late")} />
            <Part title={t("transfer.mine")} rows={mine} light="gold" none={t("transfer.none_mine")} />
            <Card title={t("transfer.by_stage")}>
              <div className="stack">
                <Segmented
                  aria-label={t("transfer.by_stage")}
                  value={stage ?? ""}
                  onChange={(id) => setAsked(id === "" ? { desk: procedure } : { desk: procedure, stage: id })}
                  options={[
                    { value: "", label: t("transfer.open", { count: open.length }) },
                    ...stages.map((one) => ({
                      value: one.id,
                      label: `${pick(one.name)} ${matters.filter((row) => row.stage === one.id).length}`,
                    })),
                  ]}
                  className="wraps"
                />
                <MatterTable rows={shown} shown={[...COLUMNS]} />
              </div>
            </Card>
          </div>
        );
      }}
    </Shown>
  );
}

/** Transfers that the police would not file: what the procuratorate may take up. */
function Refused() {
  const { t } = useWords();
  const found = useMatters({ procedure: "criminal-transfer", sort: "due", direction: "ascending", limit: MOST });
  const rows = (found.data?.matters ?? []).filter((one) =>
    ["no_filing_sent", "no_filing", "reconsideration_refused"].includes(one.stage),
  );
  const late = (found.data?.matters ?? []).filter(
    (one) => one.status !== "closed" && one.due_on !== null && one.due_on < today() && !rows.includes(one),
  );
  return (
    <>
      <Part title={t("transfer.refused")} rows={rows} light="gold" none={t("transfer.none_refused")} />
      <Part title={t("transfer.late_transfers")} rows={late} light="red" none={t("transfer.none_late")} />
    </>
  );
}

function Part({ title, rows, light, none }: { title: string; rows: MatterRow[]; light: "red" | "gold"; none: string }) {
  return (
    <Card
      size="small"
      title={
        <span className="row">
          {title} <Tag color={rows.length > 0 ? light : "default"}>{rows.length}</Tag>
        </span>
      }
    >
      {rows.length === 0 ? <Empty image={null} description={none} /> : <MatterTable rows={rows} shown={[...COLUMNS]} />}
    </Card>
  );
}
