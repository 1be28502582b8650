// As whom providers of sign-in know an account; shown where there is a provider.
import { DeleteOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { App, Button, Form, Input, Select } from "antd";
import { json, write } from "~/api/client";
import { explain } from "~/api/problem";
import { queries } from "~/api/queries";
import { Shown } from "~/parts/broken";
import { Failed, useSend } from "~/parts/send";
import { useWords } from "~/words/words";

interface Subject {
  provider: string;
  subject: string;
}

export function Subjects({ account }: { account: string }) {
  const { t } = useWords();
  const providers = useQuery({
    queryKey: ["providers"],
    queryFn: () => json<{ name: string }[]>("/api/v1/session/oidc"),
    retry: false,
  });
  if (!providers.data?.length) return null;
  return (
    <section>
      <h2 className="drawer-part">{t("accounts.subjects")}</h2>
      <p className="quiet">{t("accounts.subjects_why")}</p>
      <List account={account} providers={providers.data.map((one) => one.name)} />
    </section>
  );
}

function List({ account, providers }: { account: string; providers: string[] }) {
  const { t } = useWords();
  const { modal, message } = App.useApp();
  const sending = useSend();
  const [form] = Form.useForm<Subject>();
  const key = ["accounts", account, "subjects"];
  const path = `/api/v1/accounts/${account}/subjects`;
  const subjects = useQuery({ queryKey: key, queryFn: () => json<Subject[]>(path) });
  const link = (typed: Subject) =>
    sending.run(async () => {
      await write("POST", path, { provider: typed.provider, subject: typed.subject.trim() });
      await queries.invalidateQueries({ queryKey: key });
      form.resetFields();
    });
  const unlink = (one: Subject) =>
    modal.confirm({
      title: t("accounts.unlink", { subject: one.subject, provider: one.provider }),
      okText: t("accounts.do_it"),
      okButtonProps: { danger: true },
      cancelText: t("frame.cancel"),
      onOk: async () => {
        try {
          await write("DELETE", path, one);
          await queries.invalidateQueries({ queryKey: key });
        } catch (error) {
          message.error(explain(error));
        }
      },
    });
  return (
    <>
      <Shown of={subjects} isEmpty={(all) => all.length === 0} empty={t("accounts.subjects_none")}>
        {(all) => (
          <ul>
            {all.map((one) => (
              <li key={`${one.provider}/${one.subject}`}>
                {one.provider}: <code>{one.subject}</code>{" "}
                <Button
                  type="text"
                  size="small"
                  icon={<DeleteOutlined />}
                  aria-label={t("accounts.unlink", { subject: one.subject, provider: one.provider })}
                  onClick={() => unlink(one)}
                />
              </li>
            ))}
          </ul>
        )}
      </Shown>
      <Failed error={sending.error} />
      <Form form={form} layout="inline" onFinish={link} initialValues={{ provider: providers[0] }}>
        <Form.Item name="provider">
          <Select
            aria-label={t("accounts.provider")}
            style={{ minWidth: 120 }}
            options={providers.map((value) => ({ value, label: value }))}
          />
        </Form.Item>
        <Form.Item name="subject" rules={[{ required: true, whitespace: true, message: t("frame.required") }]}>
          <Input aria-label={t("accounts.subject")} placeholder={t("accounts.subject")} maxLength={255} />
        </Form.Item>
        <Button htmlType="submit" loading={sending.busy}>
          {t("accounts.link")}
        </Button>
      </Form>
    </>
  );
}
