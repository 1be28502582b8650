// Where one's own notices are mailed: an address counts once the code that went there came back.
import { useQuery } from "@tanstack/react-query";
import { Alert, App, Button, Form, Input, Radio } from "antd";
import { json, write } from "~/api/client";
import { queries } from "~/api/queries";
import type { components } from "~/api/schema";
import { Shown } from "~/parts/broken";
import { useFresh } from "~/parts/fresh";
import { NoticeKinds } from "~/parts/notice-kinds";
import { Failed, useSend } from "~/parts/send";
import { halfWidth } from "~/words/format";
import { useWords } from "~/words/words";

type Mail = components["schemas"]["MailView"];
const KEY = ["account", "mail"];
const PATH = "/api/v1/account/mail";
const again = () => queries.invalidateQueries({ queryKey: KEY });

export function OwnMail() {
  const mail = useQuery({ queryKey: KEY, queryFn: () => json<Mail>(PATH) });
  return <Shown of={mail}>{(now) => <Address now={now} />}</Shown>;
}

function Address({ now }: { now: Mail }) {
  const { t, language } = useWords();
  const { message, modal } = App.useApp();
  const [freshly, question] = useFresh();
  const sending = useSend();
  const set = (typed: { address: string; language: string; kinds: string[] }) =>
    sending.run(async () => {
      const sent = { ...typed, address: halfWidth(typed.address).trim() };
      const made = await freshly(() => write<Mail>("PUT", PATH, sent));
      await again();
      message.success(t(made.is_confirmed ? "account.mail.saved" : "account.mail.code_sent"));
    });
  const end = () =>
    modal.confirm({
      title: t("account.mail.end_sure"),
      okText: t("account.mail.end"),
      cancelText: t("frame.cancel"),
      onOk: () =>
        sending.run(async () => {
          await write("DELETE", PATH);
          await again();
        }),
    });
  return (
    <>
      {now.address ? (
        <Alert
          type={now.is_confirmed ? "success" : "warning"}
          showIcon
          className="failed"
          title={t(now.is_confirmed ? "account.mail.is_on" : "account.mail.waits", { address: now.address })}
        />
      ) : (
        <p>{t("account.mail.why")}</p>
      )}
      {now.error && (
        <Alert type="warning" showIcon className="failed" title={t("account.mail.error", { error: now.error })} />
      )}
      {now.address && !now.is_confirmed && <Confirm />}
      <Failed error={sending.error} />
      <Form
        layout="vertical"
        onFinish={set}
        initialValues={{ address: now.address ?? "", language: now.language ?? language, kinds: now.kinds }}
      >
        <Form.Item
          name="address"
          label={t("account.mail.address")}
          rules={[{ required: true, whitespace: true, message: t("frame.required") }]}
        >
          <Input type="email" maxLength={254} autoComplete="email" />
        </Form.Item>
        <Form.Item name="language" label={t("account.mail.language")}>
          <Radio.Group
            options={[
              { value: "zh", label: t("account.mail.chinese") },
              { value: "en", label: t("account.mail.english") },
            ]}
          />
        </Form.Item>
        <Form.Item name="kinds" label={t("account.mail.kinds")}>
          <NoticeKinds />
        </Form.Item>
        <span className="row">
          <Button htmlType="submit" type={now.address ? "default" : "primary"} loading={sending.busy}>
            {t(now.is_confirmed ? "frame.save" : "account.mail.send_code")}
          </Button>
          {now.address && (
            <Button danger onClick={end}>
              {t("account.mail.end")}
            </Button>
          )}
        </span>
      </Form>
      {question}
    </>
  );
}

function Confirm() {
  const { t } = useWords();
  const { message } = App.useApp();
  const sending = useSend();
  const confirm = ({ code }: { code: string }) =>
    sending.run(async () => {
      await write("POST", `${PATH}/confirm`, { code: halfWidth(code).trim() });
      await again();
      message.success(t("account.mail.confirmed"));
    });
  return (
    <>
      <Failed error={sending.error} />
      <Form layout="vertical" onFinish={confirm}>
        <Form.Item
          name="code"
          label={t("account.mail.code")}
          extra={t("account.mail.code_hint")}
          rules={[{ required: true, whitespace: true, message: t("frame.required") }]}
        >
          <Input.Search
            enterButton={
              <Button type="primary" htmlType="submit" loading={sending.busy}>
                {t("account.mail.confirm")}
              </Button>
            }
            autoComplete="one-time-code"
            maxLength={60}
          />
        </Form.Item>
      </Form>
    </>
  );
}
