// Before anything else: a password of one's own in place of the one that an administrator gave.
import { Alert, Button, Card, Form, Input } from "antd";
import { useState } from "react";
import { write } from "~/api/client";
import { explain } from "~/api/problem";
import { queries, SESSION } from "~/api/queries";
import { useWords } from "~/words/words";

export function FirstPassword() {
  const { t } = useWords();
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const set = async ({ password }: { password: string }) => {
    setBusy(true);
    setError(undefined);
    try {
      await write("PUT", "/api/v1/account/password", { password });
      await queries.invalidateQueries({ queryKey: SESSION });
    } catch (failed) {
      setError(explain(failed));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="sign-in">
      <Card className="sign-in-card" title={<h1 className="sign-in-name">{t("sign-in.own.title")}</h1>}>
        <p>{t("sign-in.own.why")}</p>
        {error && <Alert type="error" showIcon title={error} style={{ marginBottom: 16 }} role="alert" />}
        <Form layout="vertical" onFinish={set}>
          <Form.Item
            name="password"
            label={t("sign-in.own.new")}
            extra={t("sign-in.password_hint")}
            rules={[{ required: true, message: t("frame.required") }]}
          >
            <Input.Password autoComplete="new-password" autoFocus />
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
            <Input.Password autoComplete="new-password" />
          </Form.Item>
          <Button type="primary" htmlType="submit" block loading={busy}>
            {t("sign-in.own.set")}
          </Button>
        </Form>
      </Card>
    </main>
  );
}
