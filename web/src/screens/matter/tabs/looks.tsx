// Who looked at a matter and who wrote to it: lines of the audit trail, the newest first, page by page.
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Card, Checkbox, Table } from "antd";
import { useState } from "react";
import { json } from "~/api/client";
import { Problem } from "~/api/problem";
import type { Matter } from "~/api/shapes";
import { Broken, Loading } from "~/parts/broken";
import { useNames } from "~/parts/names";
import { useWords } from "~/words/words";

interface Line {
  id: string;
  number: number;
  recorded_at: string;
  actor?: string | null;
  is_damaged?: boolean;
  body?: { action: string; result: string; purpose?: string | null; why?: string[] };
}

export function Looks({ matter }: { matter: Matter }) {
  const { t, instant, maybe } = useWords();
  const names = useNames();
  const [others, setOthers] = useState(false);
  const pages = useInfiniteQuery({
    queryKey: ["matter", matter.id, "looks"],
    queryFn: ({ pageParam }) =>
      json<{ entries: Line[]; next: string | null }>(
        `/api/v1/matters/${matter.id}/audit${pageParam ? `?after=${encodeURIComponent(pageParam)}` : ""}`,
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
  });
  const card = (content: React.ReactNode) => (
    <Card
      size="small"
      title={t("sharing.looks.title")}
      extra={
        <Checkbox checked={others} onChange={(event) => setOthers(event.target.checked)}>
          {t("sharing.looks.others")}
        </Checkbox>
      }
    >
      {content}
    </Card>
  );
  if (pages.error instanceof Problem && [403, 404].includes(pages.error.status))
    return card(<span className="quiet">{t("sharing.looks.no_right")}</span>);
  if (pages.error) return card(<Broken error={pages.error} retry={() => void pages.refetch()} />);
  if (!pages.data) return card(<Loading />);
  const lines = pages.data.pages.flatMap((page) => page.entries);
  const own = `${matter.owner_agency}/`;
  return card(
    <>
      <Table<Line>
        size="small"
        rowKey="id"
        dataSource={others ? lines.filter((line) => line.actor && !line.actor.startsWith(own)) : lines}
        pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
        locale={{ emptyText: t("sharing.looks.empty") }}
        rowClassName={(line) => (line.body?.result === "denied" || line.is_damaged ? "tab-bad-row" : "")}
        columns={[
          { title: t("sharing.looks.at"), className: "number", render: (_, line) => instant(line.recorded_at) },
          { title: t("sharing.looks.who"), render: (_, line) => names.person(line.actor) },
          {
            title: t("sharing.looks.did"),
            render: (_, line) =>
              line.body ? (
                maybe(`sharing.did.${line.body.action}`, line.body.action)
              ) : (
                <span className="tab-bad">{t("sharing.looks.damaged")}</span>
              ),
          },
          {
            title: t("sharing.looks.result"),
            render: (_, line) => line.body && maybe(`sharing.result.${line.body.result}`, line.body.result),
          },
          { title: t("sharing.looks.purpose"), render: (_, line) => line.body?.purpose },
          {
            title: t("sharing.looks.ground"),
            render: (_, line) => (
              <span className="quiet">
                {[
                  ...(line.body?.why ?? []).map((rule) => maybe(`sharing.rule.${rule}`, rule)),
                  t("sharing.looks.line", { number: line.number }),
                ].join(" · ")}
              </span>
            ),
          },
        ]}
      />
      {pages.hasNextPage && (
        <Button
          className="no-print"
          style={{ marginTop: 8 }}
          loading={pages.isFetchingNextPage}
          onClick={() => void pages.fetchNextPage()}
        >
          {t("sharing.looks.more")}
        </Button>
      )}
    </>,
  );
}
