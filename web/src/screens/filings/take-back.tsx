// An act of who filed beside supplying: taking the filing back, with the reason that it asks for.
import { Button, Input, Modal } from "antd";
import { useState } from "react";
import { onceKey, write } from "~/api/client";
import { filed } from "~/api/place";
import { touched } from "~/api/queries";
import type { ActChoice, Filing } from "~/api/shapes";
import { Failed, useSend } from "~/parts/send";
import { useWords } from "~/words/words";

export function TakeBack({ filing, act }: { filing: Filing; act: ActChoice }) {
  const { t, pick } = useWords();
  const [isOpen, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [isMissing, setMissing] = useState(false);
  const send = useSend();
  const needsReason = act.asks.some((ask) => ask.ask === "reason");
  const go = async () => {
    if (needsReason && reason.trim() === "") return setMissing(true);
    const given = reason.trim() ? { reason: reason.trim() } : {};
    const isDone = await send.run(async () => {
      const body = { command: { do: "act", act: act.act, given } };
      await write("POST", `/api/v1/filings/${filing.id}/commands`, body, { version: filing.version, key: onceKey() });
    });
    touched(filed(filing.id));
    if (isDone) setOpen(false);
  };
  return (
    <>
      <Button onClick={() => setOpen(true)}>{pick(act.name)}</Button>
      <Modal
        open={isOpen}
        title={pick(act.name)}
        okText={pick(act.name)}
        cancelText={t("frame.cancel")}
        okButtonProps={{ danger: true, loading: send.busy }}
        onOk={() => void go()}
        onCancel={() => setOpen(false)}
      >
        <div className="stack">
          <p>{t("filings.now.withdraws")}</p>
          <div className="filing-field">
            <label htmlFor="take-back-reason">{t("filings.now.reason")}</label>
            <Input.TextArea
              id="take-back-reason"
              rows={3}
              maxLength={4000}
              status={isMissing ? "error" : ""}
              aria-invalid={isMissing}
              value={reason}
              onChange={(event) => {
                setReason(event.target.value);
                setMissing(false);
              }}
            />
            {isMissing && <div role="alert">{t("filings.now.reason_missing")}</div>}
          </div>
          <Failed error={send.error} />
        </div>
      </Modal>
    </>
  );
}
