// One's own password. Setting it ends every other session: so one signs out everywhere.
import { App, Button, Form, Input } from "antd";
import { write } from "~/api/client";
import { queries, SESSION } from "~/api/queries";
import { useFresh } from "~/parts/fresh";
import { Failed, useSend } from "~/parts/send";
import { useWords } from "~/words/words";

export function OwnPassword() {
  const { t } = useWords();
  const { message } = App.useApp();
  const [form] = Form.useForm<{ password: string; again: string }>();
  const [freshly, question] = useFresh();
  const sending = useSend();
  const set = ({ password }: { password: string }) =>
    sending.run(async () => {
      await freshly(() => write("PUT", "/api/v1/account/password", { password }));
      form.resetFields();
      await queries.invalidateQueries({ queryKey: SESSION });
      message.success(t("account.password.done"));
    });
  return (
    <>
      <p>{t("account.password.why")}</p>
      <Failed error={sending.error} />
      <Form form={form} layout="vertical" onFinish={set}>
        <Form.Item
          name="password"
          label={t("sign-in.own.new")}
          extra={t("sign-in.password_hint")}
          rules={[{ required: true, message: t("frame.required") }]}
        >
          <Input.Password autoComplete="new-password" maxLength={1000} />
        </Form.Item>
        <Form.Item
          name="again"
          label={t("sign-in.own.again")}
          dependencies={["password"]}
          rules={[
            ({ getFieldValue }) => ({
              validator: (_, value) =>
                value === getFieldValue("password")
                  ? Promise.resolve()
                  : Promise.reject(new Error(t("sign-in.own.differs"))),
            }),
          ]}
        >
          <Input.Password autoComplete="new-password" maxLength={1000} />
        </Form.Item>
        <Button htmlType="submit" type="primary" loading={sending.busy}>
          {t("account.password.set")}
        </Button>
      </Form>
      {question}
    </>
  );
}
