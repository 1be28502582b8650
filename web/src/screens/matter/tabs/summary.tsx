// What a matter comes to at a glance: facts, papers, what it names, the last acts, what the rules of its procedure rest on.
import { Card, Descriptions, Table, Tag, Timeline } from "antd";
import { Link } from "react-router";
import { useLedger } from "~/api/queries";
import { Empty } from "~/parts/broken";
import { useFactWords } from "~/parts/facts";
import { PaperPlace } from "~/parts/given";
import { useNames } from "~/parts/names";
import { useWords } from "~/words/words";
import type { TabOf } from "../matter";

const LAST = 6;

export function SummaryTab({ matter, definition }: TabOf) {
  const { t, pick, instant } = useWords();
  const names = useNames();
  const factWords = useFactWords();
  const { data: ledger } = useLedger(matter.id);
  const state = matter.state;
  if (!state) return null;
  const facts = Object.entries(state.facts);
  const papers = Object.entries(state.papers);
  const named = Object.entries(matter.named ?? {}).filter(([, of]) => Array.isArray(of) && of.length > 0) as [
    string,
    string[],
  ][];
  const actOf = (seq: number) => state.history.find((past) => past.seq === seq);
  return (
    <div className="grid-2">
      <Card size="small" title={t("matter.facts")}>
        {facts.length === 0 ? (
          <Empty>{t("matter.no_facts")}</Empty>
        ) : (
          <Descriptions
            size="small"
            column={1}
            items={facts.map(([id, { value, by }]) => ({
              key: id,
              label: pick(definition.fact.find((one) => one.id === id)?.name) || id,
              children: (
                <span
                  title={t("matter.stated_by", {
                    who: names.person(person(actOf(by)?.by)),
                    at: instant(actOf(by)?.happened),
                  })}
                >
                  {factWords(value, id)}
                </span>
              ),
            }))}
          />
        )}
      </Card>
      <Card
        size="small"
        title={t("matter.papers_on_file")}
        extra={<Link to={`/matters/${matter.id}/papers`}>{t("frame.all")}</Link>}
      >
        <Table
          size="small"
          rowKey="id"
          pagination={false}
          showHeader={false}
          locale={{ emptyText: t("matter.no_papers") }}
          dataSource={papers.map(([id, paper]) => ({ id, ...paper }))}
          columns={[
            {
              key: "name",
              render: (_, row) => pick(definition.paper.find((one) => one.id === row.id)?.name) || row.id,
            },
            { key: "place", render: (_, row) => <PaperPlace matter={matter.id} place={row.place} /> },
          ]}
        />
      </Card>
      {named.length > 0 && (
        <Card size="small" title={t("matter.named")}>
          <Descriptions
            size="small"
            column={1}
            items={named.map(([kind, of]) => ({
              key: kind,
              label: t(`matter.named_kind.${kind as "rights"}`),
              children: <span className="typed">{of.join("\n")}</span>,
            }))}
          />
        </Card>
      )}
      {ledger && ledger.findings.length > 0 && (
        <Card size="small" title={t("matter.findings")}>
          <ul className="plain">
            {ledger.findings.slice(0, 12).map((one) => (
              <li key={`${one.about} ${one.what}`}>
                <Tag>{one.about}</Tag> {pick(one.message)}
              </li>
            ))}
          </ul>
        </Card>
      )}
      <Card
        size="small"
        title={t("matter.last_acts")}
        extra={<Link to={`/matters/${matter.id}/log`}>{t("frame.all")}</Link>}
      >
        <Timeline
          items={state.history
            .slice(-LAST)
            .reverse()
            .map((past) => ({
              key: past.seq,
              content: (
                <>
                  <strong>
                    {pick(definition.act.find((one) => one.id === past.act)?.name) || t(`matter.what.${past.what}`)}
                  </strong>
                  {past.what !== "acted" && past.act && (
                    <span className="quiet"> · {t(`matter.what.${past.what}`)}</span>
                  )}
                  <div className="quiet">
                    {instant(past.happened)} · {names.person(person(past.by))} ·{" "}
                    {pick(definition.role.find((one) => one.id === past.role)?.name) || past.role}
                  </div>
                </>
              ),
            }))}
        />
      </Card>
      <Card size="small" title={t("matter.rests_on")}>
        <ul className="plain">
          {definition.source.map((one) => (
            <li key={one.cite.zh}>
              {pick(one.cite)} {!one.checked.verified && <Tag color="warning">{t("frame.unverified")}</Tag>}
              {one.checked.note && <div className="quiet">{pick(one.checked.note)}</div>}
            </li>
          ))}
        </ul>
      </Card>
    </div>
  );
}

const person = (by: { agency: string; user: string } | undefined) => (by ? `${by.agency}/${by.user}` : "");
