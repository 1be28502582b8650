// The audit trail, for auditors: who did what, with what, why, from where, and what came of it.
import { SafetyCertificateOutlined } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Drawer } from "antd";
import { useCallback, useMemo, useState } from "react";
import { json } from "~/api/client";
import { everyPage } from "~/api/every-page";
import { Broken, Empty, Loading } from "~/parts/broken";
import { ExportButton } from "~/parts/export-button";
import { LongTable } from "~/parts/long-table";
import { Page } from "~/parts/page";
import { useUrl } from "~/parts/url";
import { useWords } from "~/words/words";
import { ChainCheck } from "./chain-check";
import { CopyOfTrail } from "./copy-of-trail";
import { Details, useTrailWords } from "./details";
import { AuditFilter } from "./filter-bar";
import { type Entry, NAMES, type TrailPage, trailPath } from "./trail";
import "./audit.css";

const MAX_EXPORT = 20_000;

export function Component() {
  const { t, instant, number } = useWords();
  const [filter, setFilter] = useUrl(NAMES);
  const [shown, setShown] = useState<Entry>();
  const [checking, setChecking] = useState(false);
  const words = useTrailWords();
  const list = useInfiniteQuery({
    queryKey: ["audit", filter],
    queryFn: ({ pageParam }) => json<TrailPage>(trailPath(filter, pageParam)),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: TrailPage) => page.next ?? undefined,
    // Each look is a line of the trail itself.
    refetchOnWindowFocus: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.entries) ?? [], [list.data]);
  const { fetchNextPage, hasNextPage, isFetching } = list;
  const onNearEnd = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);

  const columns = useMemo(
    () => [
      {
        key: "at",
        title: t("audit.at"),
        width: 165,
        render: (one: Entry) => (
          <button type="button" className="audit-open number" onClick={() => setShown(one)}>
            {instant(one.recorded_at)}:{one.recorded_at.slice(17, 19)}
          </button>
        ),
      },
      { key: "actor", title: t("audit.actor"), width: 125, render: (one: Entry) => one.actor ?? "" },
      { key: "action", title: t("audit.action"), width: 135, render: words.action },
      { key: "object", title: t("audit.object"), width: 250, render: words.object },
      { key: "result", title: t("audit.result"), width: 90, render: words.result },
      { key: "purpose", title: t("audit.purpose"), width: 150, render: (one: Entry) => one.body?.purpose ?? "" },
      { key: "address", title: t("audit.address"), width: 120, render: (one: Entry) => one.body?.address ?? "" },
    ],
    [t, instant, words],
  );
  const sheet = async () => {
    const { rows: all } = await everyPage<TrailPage, Entry>({
      path: (after) => trailPath(filter, after),
      rows: (page) => page.entries,
      next: (page) => page.next,
      max: MAX_EXPORT,
      begun: { rows, after: list.data?.pages.at(-1)?.next ?? undefined },
    });
    return {
      name: t("frame.nav.audit"),
      head: [...columns.map((column) => column.title), t("audit.strand"), t("audit.number"), t("audit.digest")],
      rows: all.map((one) => [
        one.recorded_at,
        one.actor,
        words.action(one),
        words.object(one),
        words.said(one),
        one.body?.purpose,
        one.body?.address,
        one.strand,
        one.number,
        one.digest,
      ]),
      about: [[t("sheet.filter"), `${new URLSearchParams(filter as Record<string, string>)}`]] as [string, string][],
    };
  };

  return (
    <Page
      title={t("frame.nav.audit")}
      actions={
        <>
          <Button type="primary" icon={<SafetyCertificateOutlined />} onClick={() => setChecking(true)}>
            {t("audit.check.button")}
          </Button>
          <CopyOfTrail filter={filter} />
          <ExportButton sheet={sheet} disabled={rows.length === 0} />
        </>
      }
    >
      <AuditFilter filter={filter} onChange={(patch) => setFilter(patch, { push: true })} />
      <p className="quiet" aria-live="polite">
        {list.data && t(list.hasNextPage ? "audit.loaded_more" : "audit.loaded", { count: number(rows.length) })}
      </p>
      {list.isPending ? (
        <Loading />
      ) : list.error && rows.length === 0 ? (
        <Broken error={list.error} retry={() => void list.refetch()} />
      ) : (
        <>
          <LongTable
            key={JSON.stringify(filter)}
            label={t("frame.nav.audit")}
            rows={rows}
            columns={columns}
            onNearEnd={onNearEnd}
            isLoading={list.isFetchingNextPage}
            empty={<Empty>{t("audit.none")}</Empty>}
          />
          {list.error && rows.length > 0 && <Broken error={list.error} retry={() => void fetchNextPage()} />}
        </>
      )}
      <Drawer
        open={shown !== undefined}
        onClose={() => setShown(undefined)}
        title={t("audit.details")}
        size={640}
        destroyOnHidden
      >
        {shown && (
          <Details
            entry={shown}
            onFilter={(patch) => {
              setShown(undefined);
              setFilter(patch, { push: true });
            }}
          />
        )}
      </Drawer>
      <ChainCheck open={checking} onClose={() => setChecking(false)} />
    </Page>
  );
}
