// Login and password, then the second factor where one is set. Used by the first sign-in and by the one in between.
import { Alert, Button, Form, Input } from "antd";
import { useState } from "react";
import { write } from "~/api/client";
import { explain } from "~/api/problem";
import { queries, SESSION } from "~/api/queries";
import { useWords } from "~/words/words";

interface SignedIn {
  waits_for_second_factor: boolean;
}

export function Credentials({ login, onDone }: { login?: string | undefined; onDone?: () => void }) {
  const { t } = useWords();
  const [needsCode, setNeedsCode] = useState(false);
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);

  const run = async (work: () => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    try {
      await work();
    } catch (failed) {
      setError(explain(failed));
    } finally {
      setBusy(false);
    }
  };
  const done = async () => {
    await queries.invalidateQueries({ queryKey: SESSION });
    onDone?.();
  };
  const signIn = (typed: { login: string; password: string }) =>
    run(async () => {
      const answer = await write<SignedIn>("POST", "/api/v1/session", { ...typed, login: typed.login.trim() });
      if (answer.waits_for_second_factor) setNeedsCode(true);
      else await done();
    });
  const prove = ({ code }: { code: string }) =>
    run(async () => {
      const typed = code.replace(/\s/g, "");
      const sent = /^\d{6}$/.test(typed) ? { code: typed } : { recovery_code: typed };
      await write("POST", "/api/v1/session/second-factor", sent);
      await done();
    });

  return (
    <>
      {error && <Alert type="error" showIcon title={error} style={{ marginBottom: 16 }} role="alert" />}
      {needsCode ? (
        <Form layout="vertical" onFinish={prove}>
          <Form.Item
            name="code"
            label={t("sign-in.code")}
            extra={t("sign-in.code_hint")}
            rules={[{ required: true, message: t("sign-in.code_missing") }]}
          >
            <Input autoFocus autoComplete="one-time-code" maxLength={40} />
          </Form.Item>
          <Button type="primary" htmlType="submit" block loading={busy}>
            {t("sign-in.go_on")}
          </Button>
        </Form>
      ) : (
        <Form layout="vertical" onFinish={signIn} initialValues={{ login }}>
          <Form.Item
            name="login"
            label={t("sign-in.login")}
            rules={[{ required: true, message: t("sign-in.login_missing") }]}
          >
            <Input autoComplete="username" autoFocus={!login} maxLength={100} />
          </Form.Item>
          <Form.Item
            name="password"
            label={t("sign-in.password")}
            rules={[{ required: true, message: t("sign-in.password_missing") }]}
          >
            <Input.Password autoComplete="current-password" autoFocus={Boolean(login)} maxLength={1000} />
          </Form.Item>
          <Button type="primary" htmlType="submit" block loading={busy}>
            {t("sign-in.enter")}
          </Button>
        </Form>
      )}
    </>
  );
}
