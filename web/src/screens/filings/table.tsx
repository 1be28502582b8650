// Filings as the list and the workbench show them.
import { Table } from "antd";
import { Link } from "react-router";
import type { BriefFiling } from "~/api/shapes";
import { useNames } from "~/parts/names";
import { useWords } from "~/words/words";
import { FilingState } from "./state";
import "./filings.css";

export function FilingTable({ rows }: { rows: BriefFiling[] }) {
  const { t, instant } = useWords();
  const names = useNames();
  return (
    <Table<BriefFiling>
      rowKey="id"
      size="middle"
      dataSource={rows}
      pagination={false}
      scroll={{ x: 720 }}
      locale={{ emptyText: t("filings.none") }}
      columns={[
        {
          key: "about",
          title: t("filings.about"),
          render: (_, row) => (
            <>
              <Link to={`/filings/${row.id}`}>{row.title || row.number}</Link>
              <div className="quiet number small">{row.number}</div>
            </>
          ),
        },
        { key: "state", title: t("filings.state"), width: 220, render: (_, row) => <FilingState of={row} /> },
        { key: "agency", title: t("filings.agency"), width: 220, render: (_, row) => names.agency(row.agency) },
        { key: "opened_at", title: t("filings.opened_at"), width: 170, render: (_, row) => instant(row.opened_at) },
      ]}
    />
  );
}

/** The way to file one, large enough to be found by who comes for the first time. */
export function FileOne() {
  const { t } = useWords();
  return (
    <section className="filing-call no-print" aria-label={t("filings.file_new")}>
      <p>{t("filings.file_why")}</p>
      <Link to="/intake" className="filing-call-go">
        {t("filings.file_new")}
      </Link>
    </section>
  );
}
