// The check of the chain: is every line still there, as it was written? Part by part, until everything was looked at or somebody stops it.
import { Alert, Button, Descriptions, Modal, Progress, Table } from "antd";
import { useEffect, useRef, useState } from "react";
import { patiently } from "~/api/every-page";
import { Failed } from "~/parts/send";
import { useWords } from "~/words/words";
import { added, type Check, NOTHING, type Part } from "./trail";

interface State {
  part: Part;
  isRunning: boolean;
  isWhole: boolean;
  hasLog: boolean;
  waiting: Check["not_anchored"];
  error?: unknown;
}

const BEGIN: State = { part: NOTHING, isRunning: false, isWhole: false, hasLog: true, waiting: null };
const COUNTS = ["strands", "lines", "anchored", "anchors", "in_log", "elsewhere", "records", "entries"] as const;

export function ChainCheck({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t, number, instant, maybe } = useWords();
  const [state, setState] = useState<State>(BEGIN);
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);

  const run = async () => {
    stop.current?.abort();
    const control = new AbortController();
    stop.current = control;
    let part = NOTHING;
    let after: string | undefined;
    setState({ ...BEGIN, isRunning: true });
    try {
      do {
        const next: Check = await patiently(
          `/api/v1/audit/check${after ? `?after=${encodeURIComponent(after)}` : ""}`,
          control.signal,
        );
        part = added(part, next.part);
        after = next.next ?? undefined;
        setState({
          part,
          isRunning: after !== undefined,
          isWhole: after === undefined,
          hasLog: next.has_log,
          waiting: next.not_anchored,
        });
      } while (after !== undefined);
    } catch (error) {
      const isStopped = error instanceof DOMException && error.name === "AbortError";
      setState((now) => ({ ...now, isRunning: false, ...(isStopped ? {} : { error }) }));
    }
  };
  const { part, isRunning, isWhole, hasLog, waiting, error } = state;
  const isSound = part.findings.length === 0 && part.more_findings === 0;
  const close = () => {
    stop.current?.abort();
    onClose();
  };
  return (
    <Modal
      open={open}
      onCancel={close}
      title={t("audit.check.title")}
      width={760}
      footer={
        isRunning ? (
          <Button onClick={() => stop.current?.abort()}>{t("audit.check.stop")}</Button>
        ) : (
          <>
            <Button onClick={close}>{t("frame.close")}</Button>
            <Button type="primary" onClick={() => void run()}>
              {t(part.lines > 0 ? "audit.check.again" : "audit.check.begin")}
            </Button>
          </>
        )
      }
    >
      <p>{t("audit.check.why")}</p>
      <Failed error={error} />
      {isRunning && <Progress percent={100} showInfo={false} status="active" aria-label={t("audit.check.runs")} />}
      <div aria-live="polite">
        {isWhole && (
          <Alert
            type={isSound ? "success" : "error"}
            showIcon
            className="failed"
            title={
              isSound
                ? t("audit.check.sound", { count: number(part.lines) })
                : t("audit.check.unsound", { count: number(part.findings.length + part.more_findings) })
            }
            description={isSound ? undefined : t("audit.check.what_now")}
          />
        )}
        {!isWhole && !isRunning && part.lines > 0 && (
          <Alert type="warning" showIcon className="failed" title={t("audit.check.stopped")} />
        )}
        {!hasLog && <Alert type="warning" showIcon className="failed" title={t("audit.check.no_log")} />}
        {waiting && (
          <Alert
            type="warning"
            showIcon
            className="failed"
            title={t("audit.check.waits", { at: instant(waiting.since), code: waiting.code })}
          />
        )}
      </div>
      {part.lines > 0 && (
        <Descriptions
          size="small"
          column={2}
          bordered
          items={COUNTS.map((name) => ({
            key: name,
            label: t(`audit.check.${name}`),
            children: <span className="number">{number(part[name])}</span>,
          }))}
        />
      )}
      {part.pruned.length > 0 && (
        <>
          <h2 className="audit-part">{t("audit.check.pruned")}</h2>
          <ul>
            {part.pruned.map((one) => (
              <li key={`${one.strand}/${one.through}`}>
                {t("audit.check.pruned_line", { strand: one.strand, number: one.through, at: instant(one.at) })}
              </li>
            ))}
          </ul>
        </>
      )}
      {!isSound && (
        <>
          <h2 className="audit-part">{t("audit.check.findings")}</h2>
          <Table
            size="small"
            rowKey={(one) => JSON.stringify(one)}
            dataSource={part.findings}
            pagination={{ pageSize: 20, hideOnSinglePage: true }}
            scroll={{ x: "max-content" }}
            columns={[
              {
                key: "what",
                title: t("audit.check.what"),
                render: (_, one) => maybe(`audit.findings.${one.what}`, one.what),
              },
              { key: "strand", title: t("audit.strand"), render: (_, one) => <code>{one.strand}</code> },
              {
                key: "number",
                title: t("audit.number"),
                render: (_, one) =>
                  one.number === undefined
                    ? ""
                    : one.through === undefined
                      ? one.number
                      : `${one.number}–${one.through}`,
              },
              { key: "record", title: t("audit.record"), render: (_, one) => <code>{one.record}</code> },
              { key: "log", title: t("audit.check.log_index"), render: (_, one) => one.log_index },
            ]}
          />
          {part.more_findings > 0 && <p>{t("audit.check.more", { count: number(part.more_findings) })}</p>}
        </>
      )}
    </Modal>
  );
}
