// The matches of a matter as a table, with the way to their review.
import { Alert, Button, Table } from "antd";
import { Link } from "react-router";
import type { Matter, Procedure } from "~/api/shapes";
import { Empty, Shown } from "~/parts/broken";
import { ChoiceBar, choiceQuery, useChoice } from "~/screens/review/choice";
import { Compare } from "~/screens/review/compare";
import { Chance } from "~/screens/review/facts";
import { chosen, type Matches, type Pair, useMatches } from "~/screens/review/matches";
import { commonOf, useTold } from "~/screens/review/told";
import { VerdictTag } from "~/screens/review/verdict-tag";
import "~/screens/review/review.css";
import { useWords } from "~/words/words";

export function MatchesTab({ matter }: { matter: Matter; definition: Procedure }) {
  const matches = useMatches(matter.id);
  return <Shown of={matches}>{(data) => <Report matter={matter.id} of={data} />}</Shown>;
}

function Report({ matter, of }: { matter: string; of: Matches }) {
  const { t, instant, compare } = useWords();
  const [choice, change] = useChoice();
  if (!of.report) {
    return (
      <div className="stack">
        <Empty>{t("review.none")}</Empty>
        <div className="row centred">
          <Compare matter={matter} hasReport={false} />
        </div>
      </div>
    );
  }
  const pairs = chosen(of.matches, choice, compare);
  const first = pairs.find((pair) => pair.verdict === "open") ?? pairs[0];
  return (
    <div className="stack">
      <div className="row between">
        <div>
          <div>{t("review.counts", { ...of.counts })}</div>
          <div className="quiet">
            {t("review.report", { name: of.report.name, at: instant(of.report.at) })}
            {of.counts.damaged > 0 && ` ${t("review.damaged", { count: of.counts.damaged })}`}
          </div>
        </div>
        <div className="row">
          <Compare matter={matter} hasReport />
          {first && (
            <Link to={`/matters/${matter}/review?${choiceQuery(choice, { m: `${first.index}` })}`}>
              <Button type="primary" tabIndex={-1}>
                {t("review.open")}
              </Button>
            </Link>
          )}
        </div>
      </div>
      <Alert type="info" showIcon title={t("review.not_a_finding")} />
      {of.isCut && <Alert type="warning" showIcon title={t("review.cut", { count: of.matches.length })} />}
      <ChoiceBar choice={choice} onChange={change} />
      {of.matches.length === 0 ? (
        <Empty>{t("review.nothing")}</Empty>
      ) : (
        <PairTable matter={matter} pairs={pairs} query={(index) => choiceQuery(choice, { m: `${index}` })} />
      )}
    </div>
  );
}

function PairTable({ matter, pairs, query }: { matter: string; pairs: Pair[]; query: (index: number) => string }) {
  const { t, number, percent, maybe, language } = useWords();
  const told = useTold();
  return (
    <Table<Pair>
      rowKey="index"
      size="middle"
      dataSource={pairs}
      scroll={{ x: "max-content" }}
      pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
      locale={{ emptyText: t("review.no_choice") }}
      columns={[
        { title: t("review.column.verdict"), width: 116, render: (_, pair) => <VerdictTag of={pair.verdict} /> },
        {
          title: t("review.column.suspect"),
          render: (_, pair) => (
            <Link className="name" to={`/matters/${matter}/review?${query(pair.index)}`}>
              {pair.found?.suspect ?? t("review.unreadable")}
            </Link>
          ),
        },
        { title: t("review.column.work"), render: (_, pair) => <span className="name">{pair.found?.work}</span> },
        {
          title: t("review.column.medium"),
          width: 72,
          render: (_, pair) => maybe(`review.medium.${pair.found?.medium}`, pair.found?.medium ?? ""),
        },
        {
          title: t("review.column.score"),
          align: "right",
          width: 130,
          sorter: (one, other) => (one.found?.score_bits ?? 0) - (other.found?.score_bits ?? 0),
          render: (_, pair) => (
            <span className="number">{pair.found && number(Math.round(pair.found.score_bits))}</span>
          ),
        },
        {
          title: t("review.column.chance"),
          align: "right",
          width: 150,
          render: (_, pair) => pair.found && <Chance of={pair.found} />,
        },
        {
          title: t("review.column.identity"),
          align: "right",
          width: 96,
          sorter: (one, other) => (one.found?.identity ?? 0) - (other.found?.identity ?? 0),
          render: (_, pair) => (
            <span className="number">{pair.found?.identity != null && percent(pair.found.identity)}</span>
          ),
        },
        {
          title: t("review.column.common"),
          width: 150,
          sorter: (one, other) => (one.found ? commonOf(one.found) : 0) - (other.found ? commonOf(other.found) : 0),
          render: (_, pair) => pair.found && told.common(pair.found),
        },
        {
          title: t("review.column.transform"),
          width: 140,
          render: (_, pair) => pair.found && told.changes(pair.found).join(language === "zh" ? "，" : ", "),
        },
      ]}
    />
  );
}
