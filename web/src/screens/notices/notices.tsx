// The inbox: what is new, by matter; each can be marked as read, for oneself alone.
import { useInfiniteQuery } from "@tanstack/react-query";
import { App, Button, Card, Segmented, Tag } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import { json, write } from "~/api/client";
import { explain } from "~/api/problem";
import { queries } from "~/api/queries";
import type { Notice } from "~/api/shapes";
import { Broken, Empty, Loading } from "~/parts/broken";
import { LightMark } from "~/parts/lights";
import { Page } from "~/parts/page";
import { useUrl } from "~/parts/url";
import { useWords } from "~/words/words";
import { byMatter, type Group, lightOf } from "./group";
import { type NoticeWords, useNoticeWords } from "./words";
import "./notices.css";

interface Inbox {
  notices: Notice[];
  unread: number;
  next: string | null;
}

/** The server counts no further. */
const COUNTED = 1000;

export function Component() {
  const { t, number } = useWords();
  const { message } = App.useApp();
  const words = useNoticeWords();
  const [{ show }, setUrl] = useUrl(["show"]);
  const isUnread = show !== "all";
  const [busy, setBusy] = useState(false);
  const inbox = useInfiniteQuery({
    queryKey: ["notices", "inbox", isUnread],
    queryFn: ({ pageParam }) =>
      json<Inbox>(
        `/api/v1/notices?limit=100${isUnread ? "&unread=true" : ""}${pageParam ? `&after=${encodeURIComponent(pageParam)}` : ""}`,
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: Inbox) => page.next ?? undefined,
  });
  const notices = inbox.data?.pages.flatMap((page) => page.notices) ?? [];
  const unread = inbox.data?.pages[0]?.unread ?? 0;

  const read = async (some: Notice[]) => {
    setBusy(true);
    try {
      for (const notice of some) if (notice.read_at === null) await write("POST", `/api/v1/notices/${notice.id}/read`);
    } catch (error) {
      message.error(explain(error));
    } finally {
      setBusy(false);
      await queries.invalidateQueries({ queryKey: ["notices"] });
    }
  };
  const isAnyUnread = notices.some((one) => one.read_at === null);

  return (
    <Page
      title={t("notices.title")}
      actions={
        <Button disabled={!isAnyUnread} loading={busy} onClick={() => void read(notices)}>
          {t("notices.read_all")}
        </Button>
      }
    >
      <div className="notices-bar">
        <div className="row">
          <Segmented
            aria-label={t("notices.show")}
            value={isUnread ? "unread" : "all"}
            options={[
              { value: "unread", label: t("notices.only_unread") },
              { value: "all", label: t("notices.all") },
            ]}
            onChange={(value) => setUrl({ show: value === "all" ? "all" : undefined }, { push: true })}
          />
          <span aria-live="polite">
            {unread >= COUNTED
              ? t("notices.unread_more", { count: number(COUNTED) })
              : t("notices.unread", { count: number(unread) })}
          </span>
        </div>
        <Link to="/account">{t("notices.settings")}</Link>
      </div>
      {inbox.isPending ? (
        <Loading />
      ) : inbox.error && notices.length === 0 ? (
        <Broken error={inbox.error} retry={() => void inbox.refetch()} />
      ) : notices.length === 0 ? (
        <Card>
          <Empty>{t(isUnread ? "notices.none_unread" : "notices.none")}</Empty>
        </Card>
      ) : (
        <div className="stack">
          {byMatter(notices).map((group) => (
            <OfMatter key={group.matter.id} group={group} words={words} busy={busy} onRead={read} />
          ))}
          {inbox.error && <Broken error={inbox.error} retry={() => void inbox.fetchNextPage()} />}
          {inbox.hasNextPage && (
            <Button loading={inbox.isFetchingNextPage} onClick={() => void inbox.fetchNextPage()}>
              {t("sheet.more_rows")}
            </Button>
          )}
        </div>
      )}
    </Page>
  );
}

interface OfMatterProps {
  group: Group;
  words: NoticeWords;
  busy: boolean;
  onRead: (notices: Notice[]) => Promise<void>;
}

function OfMatter({ group, words, busy, onRead }: OfMatterProps) {
  const { t, instant } = useWords();
  const { matter, notices, unread } = group;
  return (
    <Card
      size="small"
      title={
        <h2 className="notices-matter">
          <Link to={`/matters/${matter.id}`} className="number">
            {matter.number}
          </Link>
          <span className="quiet">{words.stage(matter)}</span>
        </h2>
      }
      extra={
        <span className="row">
          <span className="quiet">{t("notices.of_matter", { count: notices.length })}</span>
          {unread > 1 && (
            <Button size="small" disabled={busy} onClick={() => void onRead(notices)}>
              {t("notices.read_group")}
            </Button>
          )}
        </span>
      }
    >
      <ul className="notices-list">
        {notices.map((notice) => (
          <li key={notice.id} className={notice.read_at === null ? "notices-new" : undefined}>
            <span>
              {notice.light === null ? (
                words.said(notice)
              ) : (
                <LightMark light={lightOf(notice.light)}>{words.said(notice)}</LightMark>
              )}{" "}
              {notice.read_at === null && (
                <Tag color="blue" variant="outlined">
                  {t("notices.is_unread")}
                </Tag>
              )}
            </span>
            <span className="row">
              <time className="quiet number" dateTime={notice.made_at}>
                {instant(notice.made_at)}
              </time>
              {notice.read_at === null && (
                <Button
                  type="link"
                  size="small"
                  disabled={busy}
                  aria-label={`${t("notices.read")}: ${words.said(notice)}`}
                  onClick={() => void onRead([notice])}
                >
                  {t("notices.read")}
                </Button>
              )}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
