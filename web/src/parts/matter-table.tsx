// Rows of matters as every list shows them.
import { Table, type TableProps, Tag } from "antd";
import { Link } from "react-router";
import type { MatterRow } from "~/api/shapes";
import { useWords } from "~/words/words";
import { DueOn } from "./lights";
import { useNames } from "./names";
import { NextAct } from "./next-act";

const STATUS_COLOURS = { working: "processing", waiting: "warning", suspended: "default", closed: "default" } as const;

export function StatusTag({ of }: { of: MatterRow["status"] }) {
  const { t } = useWords();
  return (
    <Tag color={STATUS_COLOURS[of]} variant="outlined">
      {t(`frame.status.${of}`)}
    </Tag>
  );
}

export function MatterLink({ of }: { of: { id: string; number: string } }) {
  return (
    <Link to={`/matters/${of.id}`} className="number">
      {of.number}
    </Link>
  );
}

type Column =
  | "matter"
  | "number"
  | "title"
  | "procedure"
  | "stage"
  | "due_on"
  | "handlers"
  | "amount_fen"
  | "owner_agency"
  | "changed_at"
  | "next";
const USUAL: Column[] = ["number", "title", "procedure", "stage", "due_on", "handlers"];

export function useMatterColumns(shown: Column[] = USUAL): NonNullable<TableProps<MatterRow>["columns"]> {
  const { t, money, instant } = useWords();
  const names = useNames();
  const all: Record<Column, NonNullable<TableProps<MatterRow>["columns"]>[number]> = {
    matter: {
      key: "matter",
      title: t("frame.matter.matter"),
      render: (_, row) => (
        <>
          <Link to={`/matters/${row.id}`}>{row.title || row.number}</Link>
          <div className="quiet number small">{row.number}</div>
        </>
      ),
    },
    number: { key: "number", title: t("frame.matter.number"), width: 200, render: (_, row) => <MatterLink of={row} /> },
    title: {
      key: "title",
      title: t("frame.matter.title"),
      render: (_, row) =>
        row.title === undefined ? <span className="quiet">{t("frame.matter.clocks_alone")}</span> : row.title,
    },
    procedure: {
      key: "procedure",
      title: t("frame.matter.procedure"),
      width: 160,
      render: (_, row) => names.procedure(row.procedure, row.procedure_version),
    },
    stage: {
      key: "stage",
      title: t("frame.matter.stage"),
      width: 180,
      render: (_, row) => (
        <>
          <StatusTag of={row.status} /> {names.stage(row.procedure, row.stage, row.procedure_version)}
        </>
      ),
    },
    due_on: {
      key: "due_on",
      title: t("frame.matter.due_on"),
      width: 190,
      render: (_, row) => <DueOn on={row.due_on} />,
    },
    handlers: {
      key: "handlers",
      title: t("frame.matter.handlers"),
      width: 150,
      render: (_, row) => row.handlers?.map((one) => names.person(`${row.owner_agency}/${one}`)).join("、") ?? "",
    },
    amount_fen: {
      key: "amount_fen",
      title: t("frame.matter.amount"),
      width: 130,
      align: "right",
      render: (_, row) => <span className="number">{money(row.amount_fen)}</span>,
    },
    owner_agency: {
      key: "owner_agency",
      title: t("frame.matter.agency"),
      width: 170,
      render: (_, row) => names.agency(row.owner_agency),
    },
    next: { key: "next", title: t("frame.matter.next"), width: 160, render: (_, row) => <NextAct row={row} /> },
    changed_at: {
      key: "changed_at",
      title: t("frame.matter.changed_at"),
      width: 150,
      render: (_, row) => instant(row.changed_at),
    },
  };
  return shown.map((one) => all[one]);
}

export function MatterTable({
  rows,
  shown,
  empty,
  ...rest
}: { rows: MatterRow[]; shown?: Column[]; empty?: string } & Omit<TableProps<MatterRow>, "columns" | "dataSource">) {
  const { t } = useWords();
  return (
    <Table<MatterRow>
      rowKey="id"
      size="middle"
      columns={useMatterColumns(shown)}
      dataSource={rows}
      pagination={false}
      scroll={{ x: 720 }}
      locale={{ emptyText: empty ?? t("frame.empty") }}
      {...rest}
    />
  );
}
