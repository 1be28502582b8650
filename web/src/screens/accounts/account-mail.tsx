// Where the notices of somebody are mailed: an administrator sets it, and vouches for the address.
import { useQuery } from "@tanstack/react-query";
import { Alert, App, Button, Form, Input, Radio } from "antd";
import { json, write } from "~/api/client";
import { queries } from "~/api/queries";
import type { components } from "~/api/schema";
import { Shown } from "~/parts/broken";
import { NoticeKinds } from "~/parts/notice-kinds";
import { Failed, useSend } from "~/parts/send";
import { halfWidth } from "~/words/format";
import { useWords } from "~/words/words";

type Mail = components["schemas"]["MailView"];

export function AccountMail({ account }: { account: string }) {
  const { t } = useWords();
  const mail = useQuery({
    queryKey: ["accounts", account, "mail"],
    queryFn: () => json<Mail>(`/api/v1/accounts/${account}/mail`),
  });
  return (
    <section>
      <h2 className="drawer-part">{t("accounts.mail")}</h2>
      <Shown of={mail}>{(now) => <Address account={account} now={now} />}</Shown>
    </section>
  );
}

function Address({ account, now }: { account: string; now: Mail }) {
  const { t, language } = useWords();
  const { message } = App.useApp();
  const sending = useSend();
  const save = (typed: { address: string; language: string; kinds: string[] }) =>
    sending.run(async () => {
      const address = halfWidth(typed.address).trim();
      await write("PUT", `/api/v1/accounts/${account}/mail`, { ...typed, address });
      await queries.invalidateQueries({ queryKey: ["accounts", account, "mail"] });
      message.success(t("accounts.mail_set"));
    });
  return (
    <>
      <p className="quiet">{t("accounts.mail_why")}</p>
      {now.error && (
        <Alert type="warning" showIcon className="failed" title={t("account.mail.error", { error: now.error })} />
      )}
      <Failed error={sending.error} />
      <Form
        name="account-mail"
        layout="vertical"
        onFinish={save}
        initialValues={{ address: now.address ?? "", language: now.language ?? language, kinds: now.kinds }}
      >
        <Form.Item
          name="address"
          label={t("account.mail.address")}
          rules={[{ required: true, whitespace: true, message: t("frame.required") }]}
        >
          <Input type="email" maxLength={254} autoComplete="off" />
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
        <Button htmlType="submit" loading={sending.busy}>
          {t("accounts.mail_save")}
        </Button>
      </Form>
    </>
  );
}
