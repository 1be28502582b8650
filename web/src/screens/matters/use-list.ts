// The rows of the list, page by page, and all of them for a copy.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { json } from "~/api/client";
import { everyPage, type Gathered } from "~/api/every-page";
import { type MatterFilter, type MatterPage, mattersPath, queries } from "~/api/queries";
import type { MatterRow } from "~/api/shapes";

/** More rows than this are not put into one file. */
export const MAX_EXPORT = 50_000;
const FRESH_MS = 60_000;

interface Pages {
  pages: MatterPage[];
  pageParams: unknown[];
}

/** Of an old list the first page alone is read again when somebody comes back: the others follow as one scrolls. */
function trim(key: readonly unknown[]): void {
  const state = queries.getQueryState<Pages>(key);
  if (!state?.data || state.data.pages.length < 2) return;
  if (!state.isInvalidated && Date.now() - state.dataUpdatedAt < FRESH_MS) return;
  queries.setQueryData<Pages>(
    key,
    { pages: state.data.pages.slice(0, 1), pageParams: state.data.pageParams.slice(0, 1) },
    { updatedAt: 0 },
  );
}

export function useMatterList(filter: MatterFilter) {
  const key = useMemo(() => ["matters", "list", filter] as const, [filter]);
  useState(() => trim(key));
  const list = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => json<MatterPage>(mattersPath({ ...filter, after: pageParam })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: MatterPage) => page.next ?? undefined,
    staleTime: FRESH_MS,
    refetchOnWindowFocus: false,
  });
  const { data, fetchNextPage, hasNextPage, isFetching } = list;
  const rows = useMemo(() => {
    // A matter that somebody writes to meanwhile may come twice: the newer page is right.
    const found = new Map<string, MatterRow>();
    for (const page of data?.pages ?? []) for (const row of page.matters) found.set(row.id, row);
    return [...found.values()];
  }, [data]);
  const next = data?.pages.at(-1)?.next ?? undefined;

  const onNearEnd = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  const refresh = useCallback(() => {
    queries.setQueryData<Pages>(
      key,
      (old) => old && { pages: old.pages.slice(0, 1), pageParams: old.pageParams.slice(0, 1) },
    );
    void queries.invalidateQueries({ queryKey: key, exact: true });
  }, [key]);
  const gather = (signal: AbortSignal, onProgress: (count: number) => void): Promise<Gathered<MatterRow>> =>
    everyPage<MatterPage, MatterRow>({
      path: (after) => mattersPath({ ...filter, after }),
      rows: (page) => page.matters,
      next: (page) => page.next,
      max: MAX_EXPORT,
      begun: { rows, after: next },
      signal,
      onProgress,
    });
  return { ...list, rows, count: data?.pages[0]?.count ?? 0, onNearEnd, refresh, gather };
}
