// All matters that somebody may see: filtered by the address, sorted by the server, as many as there are.
import { ReloadOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useCallback, useMemo, useState } from "react";
import { Link } from "react-router";
import { useSession } from "~/api/queries";
import { Broken, Loading } from "~/parts/broken";
import { LongTable } from "~/parts/long-table";
import { Page } from "~/parts/page";
import { useUrl } from "~/parts/url";
import { useWords } from "~/words/words";
import { ColumnChooser } from "./column-chooser";
import { COLUMNS, type ColumnKey, USUAL, useColumns } from "./columns";
import { ExportMatters } from "./export-matters";
import { type Filter, NAMES, NARROWING, question, sortNext } from "./filter";
import { FilterBar } from "./filter-bar";
import { SavedFilters } from "./saved";
import { useMatterList } from "./use-list";
import "./matters.css";

/** The server counts no further. */
const COUNTED = 10_000;

export function Component() {
  const { t, number } = useWords();
  const [filter, setFilter] = useUrl(NAMES);
  const asked = useMemo(() => question(filter), [filter]);
  const list = useMatterList(asked);
  const columns = useColumns();
  const [shown, setShown] = useShownColumns();
  const change = useCallback((patch: Filter) => setFilter(patch, { push: true }), [setFilter]);
  const handlers = useMemo(
    () => [...new Set(list.rows.slice(0, 1000).flatMap((row) => row.handlers ?? []))].sort().slice(0, 100),
    [list.rows],
  );
  const visible = useMemo(() => columns.filter((column) => shown.includes(column.key)), [columns, shown]);
  const isNarrowed = NARROWING.some((name) => filter[name]);
  const { count, rows } = list;
  const told =
    count >= COUNTED
      ? t("matters.count_more", { count: number(COUNTED) })
      : t("matters.count", { count: number(count) });

  return (
    <Page
      title={t("frame.nav.matters")}
      actions={
        <>
          <SavedFilters filter={filter} />
          <ColumnChooser columns={columns} shown={shown} onChange={setShown} />
          <ExportMatters columns={visible} filter={filter} gather={list.gather} />
        </>
      }
    >
      <FilterBar filter={filter} onChange={change} handlers={handlers} />
      <div className="matters-bar" aria-live="polite">
        <span>
          <strong>{list.data ? told : " "}</strong>
          {rows.length > 0 && rows.length < count && (
            <span className="quiet"> {t("matters.loaded", { count: number(rows.length) })}</span>
          )}
        </span>
        <span className="row no-print">
          {isNarrowed && (
            <Button type="link" onClick={() => change(Object.fromEntries(NARROWING.map((name) => [name, undefined])))}>
              {t("matters.filter.clear")}
            </Button>
          )}
          <Button type="text" icon={<ReloadOutlined />} onClick={list.refresh} loading={list.isRefetching}>
            {t("matters.refresh")}
          </Button>
        </span>
      </div>
      {list.isPending ? (
        <Loading />
      ) : list.error && rows.length === 0 ? (
        <Broken error={list.error} retry={() => void list.refetch()} />
      ) : (
        <>
          <LongTable
            // Another question begins at its first row.
            key={JSON.stringify(asked)}
            label={t("frame.nav.matters")}
            rows={rows}
            columns={visible}
            count={count}
            sorted={{
              by: asked.sort ?? "changed",
              direction: asked.direction === "ascending" ? "ascending" : "descending",
            }}
            onSort={(by) => change(sortNext(filter, by))}
            onNearEnd={list.onNearEnd}
            isLoading={list.isFetchingNextPage}
            empty={<Nothing isNarrowed={isNarrowed} isClocks={filter.view === "clocks"} />}
          />
          {list.error && rows.length > 0 && <Broken error={list.error} retry={() => void list.fetchNextPage()} />}
        </>
      )}
    </Page>
  );
}

function Nothing({ isNarrowed, isClocks }: { isNarrowed: boolean; isClocks: boolean }) {
  const { t } = useWords();
  if (isNarrowed) return <p>{t("matters.none_of_filter")}</p>;
  return (
    <>
      <p>{t("matters.none")}</p>
      {!isClocks && <Link to="/matters?view=clocks">{t("matters.try_clocks")}</Link>}
    </>
  );
}

function useShownColumns(): [ColumnKey[], (shown: ColumnKey[]) => void] {
  const { data: who } = useSession();
  const key = `quanlian.columns.matters.${who?.id ?? "nobody"}`;
  const [shown, setShown] = useState<ColumnKey[]>(() => {
    const kept = window.localStorage.getItem(key)?.split(",") ?? [];
    const known = COLUMNS.filter((column) => kept.includes(column));
    return known.length > 0 ? known : USUAL;
  });
  return [
    shown,
    (next) => {
      const ordered = COLUMNS.filter((column) => column === "number" || next.includes(column));
      setShown(ordered);
      window.localStorage.setItem(key, ordered.join());
    },
  ];
}
