// Webhooks of one's own agency: where notices go, how they were taken; secrets are shown once.
import { PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert, App, Button, Card, Drawer, Table, Tag } from "antd";
import { useState } from "react";
import { json, write } from "~/api/client";
import { explain } from "~/api/problem";
import { queries, useSession } from "~/api/queries";
import { Shown } from "~/parts/broken";
import { useKindWords } from "~/parts/notice-kinds";
import { ShownOnce } from "~/parts/once";
import { Page } from "~/parts/page";
import { useWords } from "~/words/words";
import { Deliveries } from "./deliveries";
import { EditWebhook, type Webhook } from "./edit-webhook";

const COLOURS: Record<string, string> = { active: "success", paused: "warning", dead: "error" };

export function Component() {
  const { t, maybe, instant } = useWords();
  const { message, modal } = App.useApp();
  const { data: who } = useSession();
  const kindWords = useKindWords();
  const path = `/api/v1/agencies/${encodeURIComponent(who?.agency ?? "")}/webhooks`;
  const key = ["webhooks", who?.agency];
  const list = useQuery({ queryKey: key, queryFn: () => json<Webhook[]>(path), enabled: Boolean(who) });
  const [edited, setEdited] = useState<Webhook | "new">();
  const [watched, setWatched] = useState<string>();
  const [secret, setSecret] = useState<string>();
  const again = () => queries.invalidateQueries({ queryKey: key });

  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      message.error(explain(error), 8);
    }
    await again();
  };
  const ping = (one: Webhook) =>
    attempt(async () => {
      await write("POST", `${path}/${one.id}/ping`);
      message.success(t("webhooks.pinged"));
      setWatched(one.id);
    });
  const rotate = (one: Webhook) =>
    modal.confirm({
      title: t("webhooks.rotate_sure"),
      content: t("webhooks.rotate_why"),
      okText: t("webhooks.rotate"),
      cancelText: t("frame.cancel"),
      onOk: () =>
        attempt(async () => setSecret((await write<{ secret: string }>("POST", `${path}/${one.id}/secret`)).secret)),
    });
  const end = (one: Webhook) =>
    modal.confirm({
      title: t("webhooks.end_sure", { url: one.url }),
      content: t("webhooks.end_why"),
      okText: t("webhooks.end"),
      okButtonProps: { danger: true },
      cancelText: t("frame.cancel"),
      onOk: () => attempt(() => write("DELETE", `${path}/${one.id}`)),
    });

  return (
    <Page
      title={t("frame.nav.webhooks")}
      actions={
        <Button type="primary" icon={<PlusOutlined />} onClick={() => setEdited("new")}>
          {t("webhooks.new")}
        </Button>
      }
    >
      <p className="quiet">{t("webhooks.why")}</p>
      <Shown of={list}>
        {(all) => (
          <Card styles={{ body: { padding: 0 } }}>
            <Table<Webhook>
              rowKey="id"
              size="middle"
              dataSource={all}
              pagination={false}
              scroll={{ x: "max-content" }}
              locale={{ emptyText: t("webhooks.none") }}
              columns={[
                {
                  key: "url",
                  title: t("webhooks.url"),
                  render: (_, one) => (
                    <>
                      <span style={{ overflowWrap: "anywhere" }}>{one.url}</span>
                      {one.error && (
                        <Alert
                          type="warning"
                          showIcon
                          title={
                            one.failing_since
                              ? t("webhooks.failing", { at: instant(one.failing_since), error: one.error })
                              : one.error
                          }
                        />
                      )}
                    </>
                  ),
                },
                {
                  key: "kinds",
                  title: t("account.mail.kinds"),
                  render: (_, one) =>
                    one.kinds.length > 0 ? one.kinds.map(kindWords).join(" · ") : t("account.mail.all_kinds"),
                },
                {
                  key: "state",
                  title: t("webhooks.state"),
                  render: (_, one) => (
                    <>
                      <Tag color={COLOURS[one.state]} variant="outlined">
                        {maybe(`webhooks.states.${one.state}`, one.state)}
                      </Tag>
                      {one.former_secret_until && (
                        <div className="quiet">
                          {t("webhooks.former_until", { at: instant(one.former_secret_until) })}
                        </div>
                      )}
                    </>
                  ),
                },
                {
                  key: "made",
                  title: t("webhooks.made"),
                  render: (_, one) => (
                    <>
                      {instant(one.made_at)}
                      <div className="quiet">{one.made_by}</div>
                    </>
                  ),
                },
                {
                  key: "acts",
                  title: t("webhooks.acts"),
                  render: (_, one) => (
                    <span className="row">
                      <Button size="small" onClick={() => setWatched(one.id)}>
                        {t("webhooks.deliveries")}
                      </Button>
                      <Button size="small" onClick={() => void ping(one)}>
                        {t("webhooks.ping")}
                      </Button>
                      <Button size="small" onClick={() => setEdited(one)}>
                        {t("webhooks.edit")}
                      </Button>
                      <Button size="small" onClick={() => rotate(one)}>
                        {t("webhooks.rotate")}
                      </Button>
                      <Button size="small" danger onClick={() => end(one)}>
                        {t("webhooks.end")}
                      </Button>
                    </span>
                  ),
                },
              ]}
            />
          </Card>
        )}
      </Shown>
      {edited && (
        <EditWebhook
          path={path}
          webhook={edited === "new" ? undefined : edited}
          latest={edited === "new" ? undefined : list.data?.find((one) => one.id === edited.id)}
          onStale={again}
          onClose={() => setEdited(undefined)}
          onDone={(made) => {
            setEdited(undefined);
            if (made) setSecret(made);
            void again();
          }}
        />
      )}
      <Drawer
        open={watched !== undefined}
        onClose={() => setWatched(undefined)}
        title={t("webhooks.deliveries")}
        size={780}
        destroyOnHidden
      >
        {watched && <Deliveries path={`${path}/${watched}/deliveries`} />}
      </Drawer>
      <ShownOnce
        title={t("webhooks.secret")}
        why={t("webhooks.secret_why")}
        secrets={secret === undefined ? undefined : [secret]}
        onDone={() => setSecret(undefined)}
      />
    </Page>
  );
}
