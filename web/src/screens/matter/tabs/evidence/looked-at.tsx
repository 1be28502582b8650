// Who read, brought or took out files of the matter: lines of the audit trail, for who answers for it.
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Card, Table } from "antd";
import { useState } from "react";
import { json } from "~/api/client";
import { Broken } from "~/parts/broken";
import { useNames } from "~/parts/names";
import { useWords } from "~/words/words";

interface Line {
  id: string;
  recorded_at: string;
  actor: string | null;
  body?: { action: string; result: string; purpose: string | null };
}
/** What is done to files; the trail names the matter and not the file. */
const OF_FILES = [
  "read_content",
  "read_files",
  "read_file",
  "add_file",
  "begin_upload",
  "take_over",
  "withdraw_file",
  "ask_bundle",
];

export function LookedAt({ matter }: { matter: string }) {
  const { t, maybe, instant } = useWords();
  const names = useNames();
  const [isOpen, setOpen] = useState(false);
  const pages = useInfiniteQuery({
    queryKey: ["matter", matter, "looked-at"],
    enabled: isOpen,
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      json<{ entries: Line[]; next: string | null }>(
        `/api/v1/matters/${matter}/audit${pageParam ? `?after=${encodeURIComponent(pageParam)}` : ""}`,
      ),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  if (!isOpen)
    return (
      <div className="no-print">
        <Button onClick={() => setOpen(true)}>{t("evidence.looks.open")}</Button>
      </div>
    );
  const lines = (pages.data?.pages ?? [])
    .flatMap((page) => page.entries)
    .filter((line) => line.body && OF_FILES.includes(line.body.action));
  return (
    <Card size="small" title={t("evidence.looks.title")}>
      {pages.error ? (
        <Broken error={pages.error} retry={() => void pages.refetch()} />
      ) : (
        <Table<Line>
          rowKey="id"
          size="small"
          loading={pages.isFetching}
          dataSource={lines}
          pagination={lines.length > 50 ? { pageSize: 50, showSizeChanger: false } : false}
          locale={{ emptyText: t("frame.empty") }}
          columns={[
            { key: "at", title: t("evidence.looks.at"), render: (_, line) => instant(line.recorded_at) },
            { key: "who", title: t("evidence.looks.who"), render: (_, line) => names.person(line.actor) },
            {
              key: "what",
              title: t("evidence.looks.what"),
              render: (_, line) => maybe(`evidence.looks.action.${line.body?.action}`, line.body?.action ?? ""),
            },
            { key: "why", title: t("evidence.looks.why"), render: (_, line) => line.body?.purpose ?? "" },
          ]}
        />
      )}
      {pages.hasNextPage && <Button onClick={() => void pages.fetchNextPage()}>{t("frame.more")}</Button>}
    </Card>
  );
}
