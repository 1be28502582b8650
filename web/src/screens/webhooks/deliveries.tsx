// What was sent to a webhook in thirty days and what is due; looked at again while something is on its way.
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Table, Tag } from "antd";
import { json } from "~/api/client";
import type { components } from "~/api/schema";
import { Broken, Loading } from "~/parts/broken";
import { useKindWords } from "~/parts/notice-kinds";
import { useWords } from "~/words/words";

type Delivery = components["schemas"]["DeliveryView"];
type DeliveryPage = components["schemas"]["DeliveriesView"];
const COLOURS: Record<string, string> = { waiting: "processing", done: "success", dead: "error", void: "default" };

export function Deliveries({ path }: { path: string }) {
  const { t, maybe, instant } = useWords();
  const kindWords = useKindWords();
  const list = useInfiniteQuery({
    queryKey: ["deliveries", path],
    queryFn: ({ pageParam }) =>
      json<DeliveryPage>(`${path}?limit=100${pageParam ? `&after=${encodeURIComponent(pageParam)}` : ""}`),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: DeliveryPage) => page.next ?? undefined,
    refetchInterval: (query) =>
      query.state.data?.pages[0]?.deliveries.some((one) => one.state === "waiting") ? 3_000 : false,
  });
  if (list.isPending) return <Loading />;
  if (list.error && !list.data) return <Broken error={list.error} retry={() => void list.refetch()} />;
  return (
    <>
      <p className="quiet">{t("webhooks.delivery.why")}</p>
      <Table<Delivery>
        rowKey="id"
        size="small"
        dataSource={list.data?.pages.flatMap((page) => page.deliveries)}
        pagination={false}
        scroll={{ x: "max-content" }}
        locale={{ emptyText: t("webhooks.delivery.none") }}
        columns={[
          { key: "at", title: t("webhooks.delivery.made"), render: (_, one) => instant(one.made_at) },
          {
            key: "what",
            title: t("webhooks.delivery.what"),
            render: (_, one) => (one.what === "ping" ? t("webhooks.ping") : kindWords(one.what)),
          },
          {
            key: "state",
            title: t("webhooks.delivery.state"),
            render: (_, one) => (
              <Tag color={COLOURS[one.state]} variant="outlined">
                {maybe(`webhooks.delivery.states.${one.state}`, one.state)}
              </Tag>
            ),
          },
          { key: "tries", title: t("webhooks.delivery.tries"), align: "right", render: (_, one) => one.tries },
          {
            key: "answer",
            title: t("webhooks.delivery.answer"),
            render: (_, one) => (
              <span style={{ overflowWrap: "anywhere" }}>
                {[one.status && `HTTP ${one.status}`, one.error].filter(Boolean).join(" · ")}
              </span>
            ),
          },
          {
            key: "next",
            title: t("webhooks.delivery.next"),
            render: (_, one) => instant(one.next_try_at ?? one.ended_at),
          },
          { key: "id", title: "webhook-id", render: (_, one) => <code>msg_{one.id}</code> },
        ]}
      />
      {list.hasNextPage && (
        <Button loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t("sheet.more_rows")}
        </Button>
      )}
    </>
  );
}
