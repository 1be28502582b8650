// What a search found: numbers first, then titles, then the rest; where each was found stands beside it.
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Card, Tag } from "antd";
import { Link } from "react-router";
import { json } from "~/api/client";
import type { MatterRow } from "~/api/shapes";
import { Broken, Loading } from "~/parts/broken";
import { DueOn } from "~/parts/lights";
import { StatusTag } from "~/parts/matter-table";
import { useNames } from "~/parts/names";
import { Page } from "~/parts/page";
import { SearchBox } from "~/parts/search-box";
import { useUrl } from "~/parts/url";
import { useWords } from "~/words/words";
import "./search.css";

interface Found {
  matters: (MatterRow & { found_in: "number" | "title" | "text" })[];
  next: string | null;
  count: number;
}

/** The server counts no further. */
const COUNTED = 1000;

export function Component() {
  const { t, number } = useWords();
  const [{ q }] = useUrl(["q"]);
  const found = useInfiniteQuery({
    queryKey: ["search", q],
    queryFn: ({ pageParam }) =>
      json<Found>(
        `/api/v1/search?limit=50&q=${encodeURIComponent(q ?? "")}${pageParam ? `&after=${encodeURIComponent(pageParam)}` : ""}`,
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: Found) => page.next ?? undefined,
    enabled: Boolean(q),
    refetchOnWindowFocus: false,
  });
  const rows = found.data?.pages.flatMap((page) => page.matters) ?? [];
  const count = found.data?.pages[0]?.count ?? 0;
  return (
    <Page title={q ? t("search.title_of", { q }) : t("search.title")}>
      {!q ? (
        <Card>
          <div className="search-wide">
            <SearchBox />
          </div>
          <Hints />
        </Card>
      ) : found.isPending ? (
        <Loading />
      ) : found.error && rows.length === 0 ? (
        <Broken error={found.error} retry={() => void found.refetch()} />
      ) : rows.length === 0 ? (
        <Card>
          <h2 className="search-none">{t("search.none", { q })}</h2>
          <Hints />
        </Card>
      ) : (
        <Card>
          <p aria-live="polite">
            {count >= COUNTED
              ? t("search.count_more", { count: number(COUNTED) })
              : t("search.count", { count: number(count) })}
          </p>
          <ol className="search-found">
            {rows.map((row) => (
              <Row key={row.id} row={row} />
            ))}
          </ol>
          {found.error && <Broken error={found.error} retry={() => void found.fetchNextPage()} />}
          {found.hasNextPage && !found.error && (
            <Button loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
              {t("sheet.more_rows")}
            </Button>
          )}
        </Card>
      )}
    </Page>
  );
}

function Row({ row }: { row: Found["matters"][number] }) {
  const { t, instant } = useWords();
  const names = useNames();
  return (
    <li>
      <div className="search-head">
        <Link to={`/matters/${row.id}`}>{row.title || row.number}</Link>
        <Tag variant="outlined">{t(`search.in.${row.found_in}`)}</Tag>
      </div>
      <div className="search-about quiet">
        <span className="number">{row.number}</span>
        <span>{names.procedure(row.procedure, row.procedure_version)}</span>
        <span>
          <StatusTag of={row.status} /> {names.stage(row.procedure, row.stage, row.procedure_version)}
        </span>
        {row.due_on && <DueOn on={row.due_on} />}
        <span>{t("search.changed", { at: instant(row.changed_at) })}</span>
      </div>
    </li>
  );
}

function Hints() {
  const { t } = useWords();
  return (
    <>
      <p>{t("search.hints")}</p>
      <ul>
        <li>{t("search.hint_all")}</li>
        <li>{t("search.hint_words")}</li>
        <li>{t("search.hint_where")}</li>
        <li>{t("search.hint_rights")}</li>
      </ul>
      <Link to="/matters">{t("search.to_list")}</Link>
    </>
  );
}
