// A copy of the trail for others, as lines of JSON: people under digests unless their names are asked for. A copy without its last line is a part.
import { Alert, App, Button, Checkbox, Modal } from "antd";
import { useState } from "react";
import { send } from "~/api/client";
import { Failed, useSend } from "~/parts/send";
import { download } from "~/parts/sheet";
import { useWords } from "~/words/words";
import { type Filter, wholeCopy } from "./trail";

export function CopyOfTrail({ filter }: { filter: Filter }) {
  const { t, instant } = useWords();
  const { message } = App.useApp();
  const [open, setOpen] = useState(false);
  const [withNames, setWithNames] = useState(false);
  const sending = useSend();
  const take = () =>
    sending.run(async () => {
      const asked = new URLSearchParams();
      for (const name of ["from", "until", "object"] as const) if (filter[name]) asked.set(name, filter[name]);
      if (withNames) asked.set("names", "true");
      const answer = await send(new URL(`/api/v1/audit/export?${asked}`, window.location.origin).href);
      const text = await answer.text();
      const lines = wholeCopy(text);
      if (lines === undefined) throw new Error(t("audit.copy.broken"));
      download(`audit-${new Date().toISOString().slice(0, 10)}.jsonl`, text, "application/x-ndjson");
      message.success(t("audit.copy.done", { count: lines }));
      setOpen(false);
    });
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t("audit.copy.button")}</Button>
      <Modal
        open={open}
        title={t("audit.copy.button")}
        okText={t("audit.copy.take")}
        cancelText={t("frame.cancel")}
        confirmLoading={sending.busy}
        onOk={() => void take()}
        onCancel={() => setOpen(false)}
      >
        <p>{t("audit.copy.why")}</p>
        <p>
          {t("audit.copy.of", {
            from: filter.from ? instant(filter.from) : t("audit.copy.beginning"),
            until: filter.until ? instant(filter.until) : t("audit.copy.now"),
            object: filter.object ?? t("frame.all"),
          })}
        </p>
        <Checkbox checked={withNames} onChange={(event) => setWithNames(event.target.checked)}>
          {t("audit.copy.names")}
        </Checkbox>
        {withNames && <Alert type="warning" showIcon title={t("audit.copy.names_why")} />}
        <Failed error={sending.error} />
      </Modal>
    </>
  );
}
