// Asks all other agencies whether they hold a matter that names the same: hit or no hit, and nothing else of it.
import { Alert, Button, Card, Form, Input, Table, Tag } from "antd";
import { useState } from "react";
import { json } from "~/api/client";
import { queries } from "~/api/queries";
import type { components } from "~/api/schema";
import { useDraft } from "~/parts/draft";
import { ExportButton } from "~/parts/export-button";
import { useNames } from "~/parts/names";
import { Page } from "~/parts/page";
import { Failed, useSend } from "~/parts/send";
import { useWords } from "~/words/words";
import "./hits.css";
import { asked, KINDS, MAX_ASKED, type Typed } from "./names";

type Hit = components["schemas"]["HitView"];

interface Draft extends Typed {
  purpose: string;
}

interface Answer {
  hits: Hit[];
  purpose: string;
  at: string;
}

const NOTHING: Draft = { rights: "", links: "", accounts: "", platform_ids: "", purpose: "" };

export function Component() {
  const { t, maybe, instant } = useWords();
  const names = useNames();
  const [draft, setDraft, clearDraft] = useDraft<Draft>("hits", NOTHING);
  const [answer, setAnswer] = useState<Answer>();
  const sending = useSend();
  const { named, count, tooLong } = asked(draft);
  const isReady = count > 0 && count <= MAX_ASKED && tooLong.length === 0 && draft.purpose.trim() !== "";

  const ask = () =>
    sending.run(async () => {
      const purpose = draft.purpose.trim();
      const { hits } = await json<{ hits: Hit[] }>("/api/v1/hits", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Quanlian-Purpose": encodeURIComponent(purpose) },
        body: JSON.stringify({ named }),
      });
      setAnswer({ hits, purpose, at: new Date().toISOString() });
      void queries.invalidateQueries({ queryKey: ["audit"] });
    });
  const empty = () => {
    clearDraft();
    setDraft(NOTHING);
    setAnswer(undefined);
    sending.clear();
  };
  const agencies = (hit: Hit) => hit.agencies.map((one) => names.agency(one));
  const sheet = () =>
    answer && {
      name: t("frame.nav.hits"),
      head: [t("hits.kind"), t("hits.key"), t("hits.result"), t("hits.agencies")],
      rows: answer.hits.map((hit) => [
        maybe(`hits.kinds.${hit.kind}`, hit.kind),
        hit.key,
        t(hit.agencies.length > 0 ? "hits.hit" : "hits.no_hit"),
        agencies(hit).join("; "),
      ]),
      about: [
        [t("frame.purpose.label"), answer.purpose],
        [t("hits.asked_at"), instant(answer.at)],
      ] as [string, string][],
    };

  return (
    <Page
      title={t("frame.nav.hits")}
      actions={answer && <ExportButton sheet={sheet} disabled={answer.hits.length === 0} />}
    >
      <div className="stack">
        <Card className="no-print">
          <p>{t("hits.why")}</p>
          <Form layout="vertical" component="div">
            <div className="grid-2">
              {KINDS.map((kind) => (
                <Form.Item key={kind} label={t(`hits.${kind}`)} extra={t(`hits.${kind}_hint`)} htmlFor={`hits-${kind}`}>
                  <Input.TextArea
                    id={`hits-${kind}`}
                    rows={4}
                    spellCheck={false}
                    value={draft[kind]}
                    onChange={(event) => setDraft({ ...draft, [kind]: event.target.value })}
                  />
                </Form.Item>
              ))}
            </div>
            <Form.Item label={t("frame.purpose.label")} extra={t("hits.purpose_hint")} htmlFor="hits-purpose" required>
              <Input.TextArea
                id="hits-purpose"
                rows={2}
                maxLength={200}
                showCount
                value={draft.purpose}
                onChange={(event) => setDraft({ ...draft, purpose: event.target.value })}
              />
            </Form.Item>
          </Form>
          <div aria-live="polite">
            <p className={count > MAX_ASKED ? "light light-red" : "quiet"}>
              {count > MAX_ASKED
                ? t("hits.too_many", { count, most: MAX_ASKED })
                : t("hits.count", { count, most: MAX_ASKED })}
            </p>
            {tooLong.length > 0 && (
              <Alert
                type="error"
                showIcon
                className="failed"
                title={t("hits.too_long", { name: (tooLong[0] ?? "").slice(0, 40) })}
              />
            )}
          </div>
          <Failed error={sending.error} />
          <span className="row">
            <Button type="primary" disabled={!isReady} loading={sending.busy} onClick={() => void ask()}>
              {t("hits.ask")}
            </Button>
            <Button onClick={empty}>{t("hits.empty")}</Button>
          </span>
        </Card>
        {answer && (
          <Card title={<h2 className="hits-title">{t("hits.answer")}</h2>}>
            <p>
              {t("hits.told", {
                count: answer.hits.length,
                hits: answer.hits.filter((hit) => hit.agencies.length > 0).length,
                at: instant(answer.at),
              })}{" "}
              {t("frame.purpose.label")}：{answer.purpose}
            </p>
            <Table<Hit>
              rowKey={(hit) => `${hit.kind}/${hit.key}`}
              size="middle"
              // Hits stand first: they are what somebody goes on with.
              dataSource={[...answer.hits].sort((a, b) => b.agencies.length - a.agencies.length)}
              pagination={false}
              scroll={{ x: "max-content" }}
              columns={[
                { key: "kind", title: t("hits.kind"), render: (_, hit) => maybe(`hits.kinds.${hit.kind}`, hit.kind) },
                {
                  key: "key",
                  title: t("hits.key"),
                  render: (_, hit) => <span style={{ overflowWrap: "anywhere" }}>{hit.key}</span>,
                },
                {
                  key: "result",
                  title: t("hits.result"),
                  render: (_, hit) => (
                    <Tag color={hit.agencies.length > 0 ? "warning" : "default"} variant="outlined">
                      {t(hit.agencies.length > 0 ? "hits.hit" : "hits.no_hit")}
                    </Tag>
                  ),
                },
                { key: "agencies", title: t("hits.agencies"), render: (_, hit) => agencies(hit).join(" · ") },
              ]}
            />
            <p className="quiet">{t("hits.next")}</p>
          </Card>
        )}
      </div>
    </Page>
  );
}
