// One file: what it is, what proves it, what it looks like; downloading and withdrawing it.
import { DownloadOutlined } from "@ant-design/icons";
import { Alert, Button, Descriptions, Drawer, Form, Input, Typography } from "antd";
import { useEffect, useState } from "react";
import { Link } from "react-router";
import { write } from "~/api/client";
import { download } from "~/api/content";
import { explain } from "~/api/problem";
import { touched, useSession } from "~/api/queries";
import type { FileView } from "~/api/shapes";
import { can } from "~/app/navigation";
import { useNames } from "~/parts/names";
import { Preview } from "~/parts/preview";
import { useWords } from "~/words/words";
import "./evidence.css";

export function FileDrawer({
  matter,
  file,
  onClose,
}: {
  matter: string;
  file: FileView | undefined;
  onClose: () => void;
}) {
  const { t } = useWords();
  const [error, setError] = useState<unknown>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another file has other troubles
  useEffect(() => setError(undefined), [file?.id]);
  return (
    <Drawer
      open={file !== undefined}
      onClose={onClose}
      size="large"
      title={<span className="evidence-title">{file?.name}</span>}
      extra={
        file && (
          <Button
            type="primary"
            icon={<DownloadOutlined aria-hidden="true" />}
            onClick={() => download(matter, file).then(() => setError(undefined), setError)}
          >
            {t("evidence.download")}
          </Button>
        )
      }
    >
      {error !== undefined && <Alert type="error" showIcon title={explain(error)} />}
      {file && <File key={file.id} matter={matter} file={file} />}
    </Drawer>
  );
}

function File({ matter, file }: { matter: string; file: FileView }) {
  const { t, maybe, instant, size } = useWords();
  const names = useNames();
  const { data: who } = useSession();
  const code = (text: string) => (
    <Typography.Text code copyable={{ text, tooltips: [t("evidence.copy"), t("evidence.copied")] }}>
      {text}
    </Typography.Text>
  );
  const row = (key: string, label: string, children: React.ReactNode) => ({ key, label, children });
  const { receipt } = file;
  return (
    <div className="stack">
      {file.withdrawn && (
        <Alert
          type="warning"
          showIcon
          title={t("evidence.withdrawn_by", {
            who: names.person(file.withdrawn.by),
            at: instant(file.withdrawn.at),
          })}
          description={file.withdrawn.why}
        />
      )}
      <Descriptions
        size="small"
        column={1}
        bordered
        styles={{ label: { width: 120, whiteSpace: "nowrap" } }}
        items={[
          row("kind", t("evidence.kind"), maybe(`uploads.kind.${file.kind}`, file.kind)),
          row("size", t("evidence.size"), size(file.size_bytes)),
          row("by", t("evidence.by"), `${names.person(file.by)} · ${instant(file.at)}`),
          row("sha256", "SHA-256", code(file.sha256)),
          ...(receipt
            ? [
                row("sm3", "SM3", code(receipt.sm3)),
                row("deposited", t("evidence.deposited"), instant(receipt.deposited_at)),
                row("deposit", t("evidence.deposit"), code(receipt.deposit)),
                row("entry", t("evidence.log_entry"), t("evidence.entry", { index: receipt.log_index })),
                row("key", t("evidence.log_key"), code(receipt.receipt.log_key)),
              ]
            : [row("deposited", t("evidence.deposited"), t("evidence.waits"))]),
          ...(file.copy_of ? [row("copy", t("evidence.copy_of"), code(file.copy_of))] : []),
        ]}
      />
      {receipt && (
        <div className="row">
          <Button size="small" onClick={() => saveReceipt(file)}>
            {t("evidence.save_receipt")}
          </Button>
          <Link to="/verify">{t("evidence.verify")}</Link>
        </div>
      )}
      <section aria-labelledby="preview-head" className="stack" style={{ gap: 8 }}>
        <h3 id="preview-head">{t("evidence.preview.title")}</h3>
        <Preview matter={matter} file={file} />
      </section>
      {can(who, "write") && !file.withdrawn && <Withdraw matter={matter} file={file} />}
    </div>
  );
}

/** The receipt as a file: it is checked without this platform. */
function saveReceipt(file: FileView): void {
  const text = JSON.stringify(
    { sha256: file.sha256, size_bytes: file.size_bytes, name: file.name, ...file.receipt },
    null,
    2,
  );
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${file.name}.receipt.json`;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function Withdraw({ matter, file }: { matter: string; file: FileView }) {
  const { t } = useWords();
  const [isOpen, setOpen] = useState(false);
  const [isSending, setSending] = useState(false);
  const [error, setError] = useState<unknown>();
  if (!isOpen)
    return (
      <div>
        <Button danger onClick={() => setOpen(true)}>
          {t("evidence.withdraw")}
        </Button>
      </div>
    );
  const send = async ({ reason }: { reason: string }) => {
    setSending(true);
    setError(undefined);
    try {
      await write("POST", `/api/v1/matters/${matter}/files/${file.id}/withdrawal`, { reason: reason.trim() });
      touched(matter);
      setOpen(false);
    } catch (failed) {
      setError(failed);
    } finally {
      setSending(false);
    }
  };
  return (
    <Form layout="vertical" onFinish={(typed) => void send(typed)}>
      <p>{t("evidence.withdraw_why")}</p>
      <Form.Item
        name="reason"
        label={t("evidence.reason")}
        rules={[{ required: true, whitespace: true, message: t("evidence.reason_missing") }]}
      >
        <Input.TextArea rows={2} maxLength={1000} autoFocus />
      </Form.Item>
      {error !== undefined && <Alert type="error" showIcon title={explain(error)} />}
      <div className="row">
        <Button danger type="primary" htmlType="submit" loading={isSending}>
          {t("evidence.withdraw")}
        </Button>
        <Button onClick={() => setOpen(false)}>{t("frame.cancel")}</Button>
      </div>
    </Form>
  );
}
