// The columns of the list of matters: what is shown, and what goes into a file.
//
// Cells are plain: thousands of them pass by as one scrolls.
import { useMemo } from "react";
import { Link } from "react-router";
import type { Light, MatterRow } from "~/api/shapes";
import { LightMark } from "~/parts/lights";
import type { LongColumn } from "~/parts/long-table";
import { type NamesOf, useNames } from "~/parts/names";
import type { Cell } from "~/parts/sheet";
import { today } from "~/words/format";
import { useWords, type Words } from "~/words/words";

export const COLUMNS = [
  "number",
  "title",
  "procedure",
  "stage",
  "status",
  "due_on",
  "handlers",
  "unit",
  "amount",
  "agency",
  "opened_at",
  "changed_at",
] as const;
export type ColumnKey = (typeof COLUMNS)[number];
export const USUAL: ColumnKey[] = ["number", "title", "procedure", "stage", "due_on", "handlers"];

export interface MatterColumn extends LongColumn<MatterRow> {
  key: ColumnKey;
  cell: (row: MatterRow) => Cell;
}

/** How far a day is by the calendar; working days are the server's to count. */
export function dueLight(on: string, now: string): { light: Light; days: number } {
  const days = Math.round((Date.parse(on) - Date.parse(now)) / 86_400_000);
  return { light: days < 0 ? "red" : days <= 3 ? "yellow" : "green", days };
}

export function useColumns(): MatterColumn[] {
  const words = useWords();
  const names = useNames();
  const now = today();
  return useMemo(() => columns(words, names, now), [words, names, now]);
}

function columns({ t, day, instant, money, language }: Words, names: NamesOf, now: string): MatterColumn[] {
  const people = (row: MatterRow) =>
    (row.handlers ?? []).map((one) => names.person(`${row.owner_agency}/${one}`)).join(language === "zh" ? "、" : ", ");
  const title = (row: MatterRow) => (row.title === undefined ? t("frame.matter.clocks_alone") : (row.title ?? ""));
  const dueWords = (on: string) => {
    const { days } = dueLight(on, now);
    return days < 0 ? t("frame.due.past") : days === 0 ? t("frame.due.today") : t("frame.due.in", { count: days });
  };
  const text = (
    key: ColumnKey,
    words: Parameters<typeof t>[0],
    width: number,
    cell: (row: MatterRow) => string,
    more?: Partial<MatterColumn>,
  ): MatterColumn => ({
    key,
    title: t(words),
    width,
    cell,
    render: (row) => {
      const said = cell(row);
      return <span title={said}>{said}</span>;
    },
    ...more,
  });
  return [
    text("number", "frame.matter.number", 310, (row) => row.number, {
      render: (row) => (
        <Link to={`/matters/${row.id}`} className="number" title={row.number}>
          {row.number}
        </Link>
      ),
    }),
    text("title", "frame.matter.title", 210, title),
    text("procedure", "frame.matter.procedure", 130, (row) => names.procedure(row.procedure, row.procedure_version)),
    text("stage", "frame.matter.stage", 105, (row) => names.stage(row.procedure, row.stage, row.procedure_version)),
    text("status", "matters.status", 100, (row) => t(`frame.status.${row.status}`)),
    text("due_on", "frame.matter.due_on", 190, (row) => row.due_on ?? "", {
      sort: "due",
      render: (row) =>
        row.due_on ? (
          <LightMark light={dueLight(row.due_on, now).light}>
            {day(row.due_on)} <span className="quiet">{dueWords(row.due_on)}</span>
          </LightMark>
        ) : (
          <span className="quiet">–</span>
        ),
    }),
    text("handlers", "frame.matter.handlers", 140, people),
    text("unit", "matters.unit", 120, (row) => names.unit(row.owner_agency, row.owner_unit)),
    {
      key: "amount",
      title: t("frame.matter.amount"),
      width: 150,
      align: "right",
      sort: "amount",
      // Yuan in a file, so that it can be added there; two places lose nothing of a sum in fen.
      cell: (row) => (row.amount_fen === null || row.amount_fen === undefined ? null : row.amount_fen / 100),
      render: (row) => <span className="number">{money(row.amount_fen)}</span>,
    },
    text("agency", "frame.matter.agency", 180, (row) => names.agency(row.owner_agency)),
    text("opened_at", "matters.opened_at", 145, (row) => instant(row.opened_at), { sort: "opened" }),
    text("changed_at", "frame.matter.changed_at", 145, (row) => instant(row.changed_at), { sort: "changed" }),
  ];
}
