// 日志: everything that happened in a matter, in its order, in sentences; the raw event with its place in the chain of digests on demand.
import { useQuery } from "@tanstack/react-query";
import { Button, Checkbox, Input, Pagination, Select, Tag } from "antd";
import { useMemo, useState } from "react";
import { useSearchParams } from "react-router";
import { json } from "~/api/client";
import type { Matter, Procedure } from "~/api/shapes";
import { Empty, Shown } from "~/parts/broken";
import { useNames } from "~/parts/names";
import { useWords } from "~/words/words";
import { type Entry, entriesOf, numberOf, type Raw } from "./log-events";
import { GivenOf, type Sentence, useSentences } from "./log-sentences";
import "./tabs.css";

const PAGE = 200;
type Kind = "all" | "act" | "ledger" | "platform";

export function LogTab({ matter, definition }: { matter: Matter; definition: Procedure }) {
  const events = useQuery({
    queryKey: ["matter", matter.id, "events", matter.version],
    queryFn: async () => (await json<{ events: Raw[] }>(`/api/v1/matters/${matter.id}/events`)).events,
  });
  return <Shown of={events}>{(raws) => <Log raws={raws} matter={matter} definition={definition} />}</Shown>;
}

function Log({ raws, matter, definition }: { raws: Raw[]; matter: Matter; definition: Procedure }) {
  const { t, compare } = useWords();
  const names = useNames();
  const say = useSentences(definition);
  const [asked, setAsked] = useSearchParams();
  const [newest, setNewest] = useState(true);
  const [page, setPage] = useState(1);
  const about = asked.get("about");
  const kind = (asked.get("kind") ?? "all") as Kind;
  const by = asked.get("by") ?? undefined;
  const sought = asked.get("find") ?? "";
  const put = (name: string, value: string | undefined) => {
    const next = new URLSearchParams(asked);
    if (value) next.set(name, value);
    else next.delete(name);
    setPage(1);
    setAsked(next, { replace: true });
  };
  const entries = useMemo(
    () => entriesOf(raws, definition.act.find((act) => act.kind === "open")?.id),
    [raws, definition],
  );
  const told = entries.map((entry) => ({ entry, said: say(entry) }));
  const found = told.filter(
    ({ entry, said }) =>
      (kind === "all" || entry.what.of === kind) &&
      (!by || entry.by === by || entry.with.includes(by)) &&
      (!about || said.about.includes(about)) &&
      (!sought || text(said).toLowerCase().includes(sought.toLowerCase())),
  );
  const shown = newest ? found.toReversed() : found;
  const superseded = new Map(
    (matter.state?.history ?? []).map((past) => [
      past.seq,
      past.superseded_by.map((seq) => numberOf(entries, seq) ?? seq),
    ]),
  );
  const people = [...new Set(entries.flatMap((entry) => [entry.by, ...entry.with]))].filter(Boolean);
  return (
    <section className="stack" aria-label={t("log.title")}>
      <div className="row no-print">
        <Select<Kind>
          aria-label={t("log.kind")}
          style={{ minWidth: 190 }}
          value={kind}
          onChange={(value) => put("kind", value === "all" ? undefined : value)}
          options={(["all", "act", "ledger", "platform"] as const).map((one) => ({
            value: one,
            label: t(`log.kinds.${one}`),
          }))}
        />
        <Select
          aria-label={t("log.person")}
          allowClear
          placeholder={t("log.person")}
          style={{ minWidth: 160 }}
          value={by}
          onChange={(value?: string) => put("by", value)}
          options={people
            .map((one) => ({ value: one, label: names.person(one) }))
            .sort((left, right) => compare(left.label, right.label))}
        />
        <Input.Search
          aria-label={t("log.search")}
          placeholder={t("log.search")}
          allowClear
          style={{ width: 240 }}
          defaultValue={sought}
          onSearch={(value) => put("find", value.trim())}
        />
        <Checkbox checked={newest} onChange={(event) => setNewest(event.target.checked)}>
          {t("log.newest")}
        </Checkbox>
        {about && (
          <Tag closable onClose={() => put("about", undefined)} closeIcon aria-label={t("log.about_all")}>
            {t("log.about", { about })}
          </Tag>
        )}
        <output className="quiet">{t("log.count", { count: found.length })}</output>
      </div>
      <div className="quiet">{t("log.grants")}</div>
      {shown.length === 0 ? (
        <Empty>{t("log.empty")}</Empty>
      ) : (
        <ol className="tab-log">
          {shown.slice((page - 1) * PAGE, page * PAGE).map(({ entry, said }) => (
            <Line
              key={entry.number}
              entry={entry}
              said={said}
              supersededBy={entry.what.of === "act" ? (superseded.get(entry.what.seq) ?? []) : []}
              matter={matter}
              definition={definition}
            />
          ))}
        </ol>
      )}
      {shown.length > PAGE && (
        <Pagination current={page} pageSize={PAGE} total={shown.length} onChange={setPage} showSizeChanger={false} />
      )}
    </section>
  );
}

const text = (said: Sentence) => [said.head, ...said.lines.map((line) => line.text)].join("\n");

/** An event that was told more than an hour after it happened, or with a day alone, was entered later. */
function isLate(entry: Entry): boolean {
  if (!entry.happened) return false;
  if (entry.happened.length === 10) return entry.recorded.slice(0, 10) > entry.happened;
  return Date.parse(entry.recorded) - Date.parse(entry.happened) > 3_600_000;
}

function Line({
  entry,
  said,
  supersededBy,
  matter,
  definition,
}: {
  entry: Entry;
  said: Sentence;
  supersededBy: number[];
  matter: Matter;
  definition: Procedure;
}) {
  const { t, instant } = useWords();
  const [isRaw, setRaw] = useState(false);
  const late = isLate(entry);
  return (
    <li className={supersededBy.length > 0 ? "tab-gone" : ""}>
      <div>
        <div className="number">
          <time dateTime={entry.happened ?? entry.recorded}>{instant(entry.happened ?? entry.recorded)}</time>
        </div>
        {late && (
          <div className="quiet">
            {t("log.recorded", { at: instant(entry.recorded) })} <Tag variant="outlined">{t("log.late")}</Tag>
          </div>
        )}
        <div className="quiet number">{t("log.number", { number: entry.number })}</div>
      </div>
      <div className="stack" style={{ gap: 4 }}>
        <div className="tab-said">{said.head}</div>
        {supersededBy.length > 0 && (
          <div className="tab-bad">
            {t("log.superseded", { by: supersededBy.map((number) => t("log.number", { number })).join("、") })}
          </div>
        )}
        {said.lines.length > 0 && (
          <ul className="tab-list">
            {said.lines.map((line, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines of an event never change their order
              <li key={at} className={line.isLoud ? "tab-bad" : ""}>
                {line.text}
              </li>
            ))}
          </ul>
        )}
        <GivenOf entry={entry} matter={matter} definition={definition} />
        <div>
          <Button
            className="no-print"
            type="link"
            size="small"
            style={{ padding: 0 }}
            aria-expanded={isRaw}
            aria-label={`${t("log.raw")} ${t("log.number", { number: entry.number })}`}
            onClick={() => setRaw(!isRaw)}
          >
            {t("log.raw")}
          </Button>
          {isRaw && (
            <>
              <dl className="tab-facts">
                <dt>{t("log.before")}</dt>
                <dd className="tab-digest">{entry.before ?? t("log.first")}</dd>
                <dt>{t("log.digest")}</dt>
                <dd className="tab-digest">{entry.digest}</dd>
              </dl>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard */}
              <pre className="tab-raw" tabIndex={0}>
                {JSON.stringify(entry.raw, null, 2)}
              </pre>
            </>
          )}
        </div>
      </div>
    </li>
  );
}
