// The first administrator, with the code that the program printed when it started.
import { Alert, App, Button, Form, Input } from "antd";
import { useState } from "react";
import { write } from "~/api/client";
import { explain } from "~/api/problem";
import { halfWidth } from "~/words/format";
import { useWords } from "~/words/words";

interface Typed {
  code: string;
  agency: string;
  zh: string;
  en: string;
  login: string;
  name: string;
  password: string;
}

export function FirstStart({ onDone }: { onDone: () => void }) {
  const { t } = useWords();
  const { message } = App.useApp();
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const begin = async ({ zh, en, ...rest }: Typed) => {
    setBusy(true);
    setError(undefined);
    try {
      await write("POST", "/api/v1/first-start", {
        ...rest,
        code: halfWidth(rest.code).trim(),
        agency_names: { zh, en },
      });
      message.success(t("sign-in.first.done"));
      onDone();
    } catch (failed) {
      setError(explain(failed));
    } finally {
      setBusy(false);
    }
  };
  const field = (name: keyof Typed, words: Parameters<typeof t>[0], extra?: Parameters<typeof t>[0]) => (
    <Form.Item
      name={name}
      label={t(words)}
      extra={extra && t(extra)}
      rules={[{ required: true, whitespace: true, message: t("frame.required") }]}
    >
      {name === "password" ? <Input.Password autoComplete="new-password" /> : <Input maxLength={200} />}
    </Form.Item>
  );
  return (
    <Form layout="vertical" onFinish={begin}>
      <p>{t("sign-in.first.why")}</p>
      {error && <Alert type="error" showIcon title={error} style={{ marginBottom: 16 }} role="alert" />}
      {field("code", "sign-in.first.code", "sign-in.first.code_hint")}
      {field("zh", "sign-in.first.agency_zh")}
      {field("en", "sign-in.first.agency_en")}
      {field("agency", "sign-in.first.agency", "sign-in.first.agency_hint")}
      {field("name", "sign-in.first.name")}
      {field("login", "sign-in.login")}
      {field("password", "sign-in.password", "sign-in.password_hint")}
      <Button type="primary" htmlType="submit" block loading={busy}>
        {t("sign-in.first.begin")}
      </Button>
    </Form>
  );
}
