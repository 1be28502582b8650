// What a figure counts, row by row: as many as its `n` and `missing` together.
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Card, Table, Tag } from "antd";
import { useEffect, useRef } from "react";
import { Link } from "react-router";
import { json } from "~/api/client";
import { everyPage } from "~/api/every-page";
import type { IndicatorDefinition, MatterRow } from "~/api/shapes";
import { Broken, Empty, Loading } from "~/parts/broken";
import { ExportButton } from "~/parts/export-button";
import { useNames } from "~/parts/names";
import { useWords } from "~/words/words";
import { useGroupNames } from "./parts";
import type { Period } from "./period";
import { cellOf, figurePath, sourceOf, toldValue } from "./told";

interface Row {
  matter: MatterRow;
  group: string | null;
  name: string;
  state: string | null;
  from: string | null;
  until: string | null;
  value: number | null;
}

interface RowsPage {
  rows: Row[];
  next: string | null;
}

const MAX_EXPORT = 20_000;

interface Props {
  definition: IndicatorDefinition;
  period: Period;
  by: string;
  group: string | undefined;
  /** Whether somebody came for them: then they are brought into sight. */
  isAsked: boolean;
  onWhole: () => void;
}

export function Rows({ definition, period, by, group, isAsked, onWhole }: Props) {
  const words = useWords();
  const { t, pick, day } = words;
  const names = useNames();
  const named = useGroupNames(by);
  const what = useWhat();
  const at = useRef<HTMLDivElement>(null);
  const more = group ? { by, group } : {};
  const path = (limit: number) => (after: string | undefined) =>
    figurePath(definition, period, { ...more, limit: `${limit}`, after }, "/matters");
  const list = useInfiniteQuery({
    queryKey: ["figure-rows", definition.id, definition.version, period, group && by, group],
    queryFn: ({ pageParam }) => json<RowsPage>(path(50)(pageParam)),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: RowsPage) => page.next ?? undefined,
    refetchOnWindowFocus: false,
  });
  const rows = list.data?.pages.flatMap((page) => page.rows) ?? [];
  const isThere = list.data !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another part that was asked for is gone to as well.
  useEffect(() => {
    if (isAsked && isThere) at.current?.scrollIntoView({ block: "start" });
  }, [isAsked, isThere, group]);

  const valueUnit = definition.aggregate === "share" || definition.aggregate === "count" ? "" : definition.unit;
  const told = (row: Row) =>
    row.value === null ? t("indicators.rows.missing") : toldValue(row.value, valueUnit, words);
  const title = group ? t("indicators.rows.of", { group: named(group) }) : t("indicators.rows.title");

  const sheet = async () => {
    const { rows: all } = await everyPage<RowsPage, Row>({
      path: path(200),
      rows: (page) => page.rows,
      next: (page) => page.next,
      max: MAX_EXPORT,
    });
    return {
      name: `${pick(definition.name)}-${t("indicators.file.rows")}`,
      head: [
        t("frame.matter.number"),
        t("frame.matter.title"),
        t("frame.matter.procedure"),
        t("indicators.rows.what"),
        t("indicators.rows.state"),
        t("indicators.rows.from"),
        t("indicators.rows.until"),
        t("indicators.rows.value"),
      ],
      rows: all.map((row) => [
        row.matter.number,
        row.matter.title,
        names.procedure(row.matter.procedure, row.matter.procedure_version),
        what.name(row),
        what.state(row),
        row.from,
        row.until,
        row.value === null ? t("indicators.rows.missing") : cellOf(row.value, valueUnit),
      ]),
      about: [
        [t("indicators.definition.words"), pick(definition.definition)],
        [t("indicators.definition.source"), pick(sourceOf(definition))],
        [t("indicators.definition.version"), `${definition.id} ${definition.version}`],
      ] as [string, string][],
    };
  };

  return (
    <div ref={at} className="figure-rows">
      <Card
        title={<h2 className="figure-title">{title}</h2>}
        extra={
          <span className="row no-print">
            {group && (
              <Button type="link" onClick={onWhole}>
                {t("indicators.rows.whole")}
              </Button>
            )}
            <ExportButton sheet={sheet} disabled={rows.length === 0} />
          </span>
        }
      >
        {list.isPending ? (
          <Loading />
        ) : list.error && rows.length === 0 ? (
          <Broken error={list.error} retry={() => void list.refetch()} />
        ) : rows.length === 0 ? (
          <Empty>{t("indicators.rows.none")}</Empty>
        ) : (
          <Table<Row>
            size="small"
            rowKey={(row) => `${row.matter.id}/${row.name}/${row.state}/${row.from}/${row.until}/${rows.indexOf(row)}`}
            dataSource={rows}
            pagination={false}
            scroll={{ x: "max-content" }}
            columns={[
              {
                key: "number",
                title: t("frame.matter.number"),
                render: (_, row) => (
                  <Link to={`/matters/${row.matter.id}`} className="number">
                    {row.matter.number}
                  </Link>
                ),
              },
              { key: "title", title: t("frame.matter.title"), render: (_, row) => row.matter.title },
              { key: "what", title: t("indicators.rows.what"), render: (_, row) => what.name(row) },
              { key: "state", title: t("indicators.rows.state"), render: (_, row) => what.state(row) },
              { key: "from", title: t("indicators.rows.from"), render: (_, row) => day(row.from) },
              { key: "until", title: t("indicators.rows.until"), render: (_, row) => day(row.until) },
              {
                key: "value",
                title: t("indicators.rows.value"),
                align: "right",
                render: (_, row) =>
                  row.value === null ? (
                    <Tag color="warning">{told(row)}</Tag>
                  ) : (
                    <span className="number">{told(row)}</span>
                  ),
              },
            ]}
          />
        )}
        {list.error && rows.length > 0 && <Broken error={list.error} retry={() => void list.fetchNextPage()} />}
        {list.hasNextPage && !list.error && (
          <Button className="no-print" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {t("sheet.more_rows")}
          </Button>
        )}
      </Card>
    </div>
  );
}

/** What a row is of, and what came of it: stages, acts and clocks have the names that their procedure gives them. */
function useWhat() {
  const { pick, maybe } = useWords();
  const names = useNames();
  const of = (row: Row, code: string) => {
    const procedure = names.definition(row.matter.procedure, row.matter.procedure_version);
    if (!procedure) return undefined;
    for (const list of [procedure.clock, procedure.act, procedure.stage, procedure.fact]) {
      const found = list.find((one) => one.id === code);
      if (found) return pick(found.name);
    }
    return undefined;
  };
  return {
    name: (row: Row) => of(row, row.name) ?? maybe(`indicators.kind.${row.name}`, row.name),
    state: (row: Row) => (row.state ? maybe(`indicators.state.${row.state}`, of(row, row.state) ?? row.state) : ""),
  };
}
