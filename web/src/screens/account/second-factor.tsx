// The second factor: a secret for an authenticator, drawn here as a QR code and sent nowhere; recovery codes, shown once.
import { Alert, Button, Form, Input } from "antd";
import { useEffect, useState } from "react";
import { json, write } from "~/api/client";
import { queries, SESSION } from "~/api/queries";
import { CopyButton } from "~/parts/copy";
import { useFresh } from "~/parts/fresh";
import { ShownOnce } from "~/parts/once";
import { Failed, useSend } from "~/parts/send";
import { halfWidth } from "~/words/format";
import { useWords } from "~/words/words";

interface Enrolment {
  secret: string;
  address: string;
}

export function SecondFactor({ isSet }: { isSet: boolean }) {
  const { t } = useWords();
  const [enrolment, setEnrolment] = useState<Enrolment>();
  const [codes, setCodes] = useState<string[]>();
  const [freshly, question] = useFresh();
  const sending = useSend();

  const begin = () =>
    sending.run(async () => {
      setEnrolment(await freshly(() => json<Enrolment>("/api/v1/account/second-factor")));
    });
  const set = ({ code }: { code: string }) =>
    sending.run(async () => {
      if (!enrolment) return;
      const sent = { secret: enrolment.secret, code: halfWidth(code).replace(/\s/g, "") };
      const made = await freshly(() =>
        write<{ recovery_codes: string[] }>("PUT", "/api/v1/account/second-factor", sent),
      );
      setEnrolment(undefined);
      setCodes(made.recovery_codes);
      await queries.invalidateQueries({ queryKey: SESSION });
    });

  return (
    <>
      <Alert
        type={isSet ? "success" : "info"}
        showIcon
        className="failed"
        title={t(isSet ? "account.second.is_set" : "account.second.is_not_set")}
      />
      <Failed error={sending.error} />
      {enrolment ? (
        <>
          <ol>
            <li>{t("account.second.scan")}</li>
            <li>{t("account.second.type_code")}</li>
          </ol>
          <Qr text={enrolment.address} label={t("account.second.qr")} />
          <p>
            {t("account.second.by_hand")}
            <br />
            <code className="account-secret">{secretOf(enrolment.address)}</code>{" "}
            <CopyButton small text={secretOf(enrolment.address)} />
          </p>
          <Form layout="vertical" onFinish={set}>
            <Form.Item
              name="code"
              label={t("account.second.code")}
              rules={[{ required: true, pattern: /^[\s\d０-９]{6,12}$/, message: t("account.second.six") }]}
            >
              <Input autoComplete="one-time-code" inputMode="numeric" maxLength={12} style={{ width: 180 }} />
            </Form.Item>
            <span className="row">
              <Button htmlType="submit" type="primary" loading={sending.busy}>
                {t("account.second.set")}
              </Button>
              <Button onClick={() => setEnrolment(undefined)}>{t("frame.cancel")}</Button>
            </span>
          </Form>
        </>
      ) : (
        <>
          <p>{t(isSet ? "account.second.again_why" : "account.second.why")}</p>
          <Button loading={sending.busy} onClick={() => void begin()}>
            {t(isSet ? "account.second.again" : "account.second.begin")}
          </Button>
        </>
      )}
      <ShownOnce
        title={t("account.second.codes")}
        why={t("account.second.codes_why")}
        secrets={codes}
        onDone={() => setCodes(undefined)}
      />
      {question}
    </>
  );
}

/** The secret as an authenticator takes it by hand: from its own address. */
export function secretOf(address: string): string {
  return (/[?&]secret=([A-Z2-7]+)/.exec(address)?.[1] ?? "").replace(/(.{4})(?=.)/g, "$1 ");
}

function Qr({ text, label }: { text: string; label: string }) {
  const [picture, setPicture] = useState<string>();
  useEffect(() => {
    let isGone = false;
    void import("qrcode").then(async ({ toDataURL }) => {
      const made = await toDataURL(text, { errorCorrectionLevel: "M", margin: 2, width: 440 });
      if (!isGone) setPicture(made);
    });
    return () => {
      isGone = true;
    };
  }, [text]);
  return picture ? <img className="account-qr" src={picture} alt={label} /> : <div className="account-qr" />;
}
