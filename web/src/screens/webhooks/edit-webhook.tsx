// A webhook is made or changed; a change names the version that was seen.
import { Alert, App, Button, Form, Input, Modal, Radio } from "antd";
import { useEffect, useState } from "react";
import { write } from "~/api/client";
import { Problem } from "~/api/problem";
import type { components } from "~/api/schema";
import { NoticeKinds } from "~/parts/notice-kinds";
import { Failed, useSend } from "~/parts/send";
import { useWords } from "~/words/words";

export type Webhook = components["schemas"]["WebhookView"];

interface Typed {
  url: string;
  kinds: string[];
  state: string;
}

interface Props {
  path: string;
  webhook: Webhook | undefined;
  /** As it stands now, where somebody else changed it meanwhile. */
  latest: Webhook | undefined;
  onStale: () => void;
  onClose: () => void;
  /** With the secret of a new one. */
  onDone: (secret?: string) => void;
}

export function EditWebhook({ path, webhook, latest, onStale, onClose, onDone }: Props) {
  const { t } = useWords();
  const { message } = App.useApp();
  const [form] = Form.useForm<Typed>();
  const sending = useSend();
  const [seen, setSeen] = useState(webhook?.version);
  const isStale = latest !== undefined && latest.version !== seen;
  const isConflict = sending.error instanceof Problem && sending.error.status === 412;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each conflict.
  useEffect(() => {
    if (isConflict) onStale();
  }, [isConflict]);

  const save = (typed: Typed) =>
    sending.run(async () => {
      const url = typed.url.trim();
      if (!webhook) {
        const made = await write<{ secret: string }>("POST", path, { url, kinds: typed.kinds });
        onDone(made.secret);
        return;
      }
      await write("PUT", `${path}/${webhook.id}`, { ...typed, url }, { version: `${seen}` });
      message.success(t("webhooks.saved"));
      onDone();
    });
  return (
    <Modal
      open
      title={t(webhook ? "webhooks.edit" : "webhooks.new")}
      okText={t("frame.save")}
      cancelText={t("frame.cancel")}
      confirmLoading={sending.busy}
      okButtonProps={{ disabled: isStale }}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <Failed error={sending.error} />
      {isStale && (
        <Alert
          type="warning"
          showIcon
          className="failed"
          title={t("webhooks.changed_meanwhile")}
          action={
            <Button
              onClick={() => {
                setSeen(latest.version);
                sending.clear();
                form.setFieldsValue({ url: latest.url, kinds: latest.kinds });
              }}
            >
              {t("accounts.take_theirs")}
            </Button>
          }
        />
      )}
      <Form
        form={form}
        layout="vertical"
        onFinish={save}
        initialValues={{
          url: webhook?.url ?? "https://",
          kinds: webhook?.kinds ?? [],
          // One that was given up is taken up again by saving it.
          state: webhook?.state === "paused" ? "paused" : "active",
        }}
      >
        <Form.Item
          name="url"
          label={t("webhooks.url")}
          extra={t("webhooks.url_hint")}
          rules={[{ required: true, pattern: /^\s*https?:\/\/\S+\s*$/, message: t("webhooks.url_wrong") }]}
        >
          <Input maxLength={2000} inputMode="url" spellCheck={false} />
        </Form.Item>
        <Form.Item name="kinds" label={t("account.mail.kinds")}>
          <NoticeKinds />
        </Form.Item>
        {webhook && (
          <Form.Item name="state" label={t("webhooks.state")} extra={t("webhooks.state_hint")}>
            <Radio.Group
              options={(["active", "paused"] as const).map((value) => ({
                value,
                label: t(`webhooks.states.${value}`),
              }))}
            />
          </Form.Item>
        )}
      </Form>
    </Modal>
  );
}
