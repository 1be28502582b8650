// Proposals that wait for the next step of their chain: endorse or refuse, with what was proposed in view.
import { Alert, App, Button, Card, Input, Modal, Space } from "antd";
import { useState } from "react";
import { onceKey, write } from "~/api/client";
import { explain } from "~/api/problem";
import { touched } from "~/api/queries";
import type { Matter, Procedure, Proposal } from "~/api/shapes";
import { GivenView } from "~/parts/given";
import { useNames } from "~/parts/names";
import { Trouble } from "~/parts/trouble";
import { useWords } from "~/words/words";

export function Proposals({ matter, definition }: { matter: Matter; definition: Procedure }) {
  const open = Object.entries(matter.state?.proposals ?? {});
  return (
    <>
      {open.map(([number, proposal]) => (
        <One key={number} matter={matter} definition={definition} number={Number(number)} proposal={proposal} />
      ))}
    </>
  );
}

interface OneProps {
  matter: Matter;
  definition: Procedure;
  number: number;
  proposal: Proposal;
}

function One({ matter, definition, number, proposal }: OneProps) {
  const { t, pick } = useWords();
  const names = useNames();
  const { message } = App.useApp();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState<"endorse" | "reject">();
  const [rejecting, setRejecting] = useState(false);
  const [reason, setReason] = useState("");
  const act = definition.act.find((one) => one.id === proposal.act);
  const chain = definition.chain.find((one) => one.id === act?.chain);
  const done = 1 + (proposal.endorsed?.length ?? 0);

  const tell = async (what: "endorse" | "reject") => {
    setBusy(what);
    setError(undefined);
    const command =
      what === "endorse"
        ? { do: "endorse", proposal: number }
        : { do: "reject", proposal: number, reason: reason.trim() };
    try {
      await write(
        "POST",
        `/api/v1/matters/${matter.id}/commands`,
        { command },
        { version: matter.version, key: onceKey() },
      );
      message.success(t(what === "endorse" ? "matter.proposal.endorsed" : "matter.proposal.rejected"));
      setRejecting(false);
    } catch (failed) {
      setError(failed);
    } finally {
      setBusy(undefined);
      touched(matter.id);
    }
  };
  return (
    <Card
      size="small"
      className="proposal"
      title={t("matter.proposal.title", {
        act: pick(act?.name) || proposal.act,
        who: names.person(`${proposal.by?.agency}/${proposal.by?.user}`),
      })}
    >
      {chain && (
        <ol className="stage-line" aria-label={t("matter.proposal.chain")}>
          {chain.steps.map((role, place) => (
            <li key={role} className={place < done ? "stage-been" : place === done ? "stage-now" : "stage-next"}>
              {pick(definition.role.find((one) => one.id === role)?.name) || role}
              {place < done
                ? ` · ${t("matter.proposal.agreed")}`
                : place === done
                  ? ` · ${t("matter.proposal.waits")}`
                  : ""}
            </li>
          ))}
        </ol>
      )}
      {proposal.given && <GivenView given={proposal.given} definition={definition} matter={matter} />}
      <Trouble error={error} />
      <Space className="no-print" style={{ marginTop: 12 }}>
        <Button type="primary" loading={busy === "endorse"} onClick={() => void tell("endorse")}>
          {t("matter.proposal.endorse")}
        </Button>
        <Button onClick={() => setRejecting(true)}>{t("matter.proposal.reject")}</Button>
      </Space>
      <Modal
        open={rejecting}
        title={t("matter.proposal.reject")}
        okText={t("matter.proposal.reject")}
        cancelText={t("frame.cancel")}
        okButtonProps={{ disabled: reason.trim() === "", loading: busy === "reject" }}
        onOk={() => void tell("reject")}
        onCancel={() => setRejecting(false)}
      >
        <label htmlFor={`why-${number}`}>{t("matter.proposal.why")}</label>
        <Input.TextArea
          id={`why-${number}`}
          rows={3}
          maxLength={2000}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          autoFocus
        />

        {error !== undefined && <Alert type="error" showIcon title={explain(error)} style={{ marginTop: 12 }} />}
      </Modal>
    </Card>
  );
}
