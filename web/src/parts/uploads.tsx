// Uploads as every screen shows them: progress, rate, time left; pause, go on, give up; those of an earlier visit.
//
// `<Uploads matter={id} usual="suspect" />` takes files and shows them. `<UploadList matter={id} />` shows them alone; `uploads.add(…)` begins.
// They go on when the screen is left; leaving the pages asks first.
import { CaretRightOutlined, CloseOutlined, PauseOutlined } from "@ant-design/icons";
import { Alert, Button, Progress, Select } from "antd";
import { useMemo, useState, useSyncExternalStore } from "react";
import { KINDS, type Kind, kindOf } from "~/api/chosen";
import { queries, SESSION, touched, type Who } from "~/api/queries";
import { explainUpload, type UploadItem, Uploads as Uploading } from "~/api/upload";
import { UploadLedger } from "~/api/upload-ledger";
import { world } from "~/api/upload-world";
import { useWords } from "~/words/words";
import { FileDrop } from "./file-drop";

const MAX_SHOWN = 200;

const ledger = new UploadLedger(
  () => window.localStorage,
  () => queries.getQueryData<Who | null>(SESSION)?.id ?? "nobody",
);
/** All uploads of this tab. */
export const uploads = new Uploading(world, ledger, touched);

window.addEventListener("beforeunload", (event) => {
  if (uploads.isBusy()) event.preventDefault();
});

export function useUploads(matter: string): UploadItem[] {
  const all = useSyncExternalStore(uploads.subscribe, uploads.all);
  return useMemo(() => all.filter((one) => one.matter === matter), [all, matter]);
}

/** Seconds as somebody says them. */
export function useTimeLeft(): (seconds: number) => string {
  const { t } = useWords();
  return (seconds) => {
    if (seconds < 60) return t("uploads.seconds", { count: Math.max(1, Math.ceil(seconds)) });
    if (seconds < 3_600) return t("uploads.minutes", { count: Math.ceil(seconds / 60) });
    return t("uploads.hours", { count: Math.ceil(seconds / 360) / 10 });
  };
}

export function Uploads({ matter, usual = "evidence" }: { matter: string; usual?: Kind }) {
  const { t } = useWords();
  const [kind, setKind] = useState<Kind>(usual);
  return (
    <div className="stack">
      <div className="row">
        <label htmlFor={`kind-${matter}`}>{t("uploads.as")}</label>
        <Select<Kind>
          id={`kind-${matter}`}
          value={kind}
          onChange={setKind}
          style={{ minWidth: 220 }}
          options={KINDS.map((one) => ({ value: one, label: t(`uploads.kind.${one}`) }))}
        />
        <span className="quiet">{t("uploads.as_hint")}</span>
      </div>
      <FileDrop
        onFiles={(files) =>
          uploads.add(
            matter,
            files.map((file) => ({ file, kind: kindOf(file.name, kind) })),
          )
        }
      />
      <UploadList matter={matter} />
    </div>
  );
}

export function UploadList({ matter }: { matter: string }) {
  const { t, size } = useWords();
  const items = useUploads(matter);
  const brokenOff = uploads.brokenOff(matter);
  const ended = items.filter((one) => one.state === "done" || one.state === "cancelled").length;
  // What needs a look stands first; of a thousand files the rest is a number.
  const order = { failed: 0, retrying: 1, sending: 2, hashing: 3, paused: 4, waiting: 5, done: 6, cancelled: 7 };
  const shown = [...items].sort((one, two) => order[one.state] - order[two.state]).slice(0, MAX_SHOWN);
  return (
    <>
      {brokenOff.length > 0 && (
        <Alert
          type="info"
          showIcon
          title={t("uploads.broken_off", { count: brokenOff.length })}
          description={
            <ul className="file-refused">
              {brokenOff.map((one) => (
                <li key={one.id}>
                  {t("uploads.broken_off_file", { name: one.name, size: size(one.size_bytes) })}{" "}
                  <Button type="link" size="small" onClick={() => void uploads.forget(one.id)}>
                    {t("uploads.forget")}
                  </Button>
                </li>
              ))}
            </ul>
          }
        />
      )}
      {items.length > 0 && (
        <div className="stack" style={{ gap: 8 }}>
          <div className="row" role="status">
            <strong>
              {t("uploads.so_far", {
                done: items.filter((one) => one.state === "done").length,
                all: items.length,
              })}
            </strong>
            {ended > 0 && (
              <Button type="link" size="small" onClick={() => uploads.clear(matter)}>
                {t("uploads.clear")}
              </Button>
            )}
          </div>
          <ul className="uploads">
            {shown.map((one) => (
              <Line key={one.key} item={one} />
            ))}
          </ul>
          {items.length > MAX_SHOWN && (
            <div className="quiet">{t("uploads.and_more", { count: items.length - MAX_SHOWN })}</div>
          )}
        </div>
      )}
    </>
  );
}

function Line({ item }: { item: UploadItem }) {
  const { t, size } = useWords();
  const left = useTimeLeft();
  const isRunning = ["hashing", "waiting", "sending", "retrying"].includes(item.state);
  const isHashing = item.state === "hashing";
  const done = item.size_bytes === 0 ? 0 : (isHashing ? item.hashed : item.offset) / item.size_bytes;
  const said = [
    t(`uploads.state.${item.state}`),
    isHashing
      ? t("uploads.of", { done: size(item.hashed), all: size(item.size_bytes) })
      : t("uploads.of", { done: size(item.offset), all: size(item.size_bytes) }),
    item.state === "sending" && item.rate !== undefined ? t("uploads.rate", { rate: size(item.rate) }) : "",
    item.state === "sending" && item.left_s !== undefined ? t("uploads.left", { time: left(item.left_s) }) : "",
    item.resumed_at > 0 ? t("uploads.resumed", { at: size(item.resumed_at) }) : "",
  ];
  return (
    <li>
      <div className="uploads-line">
        <span className="uploads-name">
          {item.name} <span className="quiet">{t(`uploads.kind.${item.kind}`)}</span>
        </span>
        <span className="number quiet">{said.filter(Boolean).join(" · ")}</span>
        <span className="row">
          {isRunning && (
            <Button
              size="small"
              icon={<PauseOutlined aria-hidden="true" />}
              aria-label={t("uploads.pause_file", { name: item.name })}
              onClick={() => uploads.pause(item.key)}
            >
              {t("uploads.pause")}
            </Button>
          )}
          {(item.state === "paused" || item.state === "failed") && (
            <Button
              size="small"
              type="primary"
              icon={<CaretRightOutlined aria-hidden="true" />}
              aria-label={t("uploads.resume_file", { name: item.name })}
              onClick={() => uploads.resume(item.key)}
            >
              {t("uploads.resume")}
            </Button>
          )}
          {item.state !== "done" && item.state !== "cancelled" && (
            <Button
              size="small"
              icon={<CloseOutlined aria-hidden="true" />}
              aria-label={t("uploads.cancel_file", { name: item.name })}
              onClick={() => void uploads.cancel(item.key)}
            >
              {t("uploads.cancel")}
            </Button>
          )}
        </span>
      </div>
      {item.state !== "done" && item.state !== "cancelled" && (
        <Progress
          percent={Math.floor(done * 1000) / 10}
          size="small"
          status={item.state === "failed" ? "exception" : isRunning ? "active" : "normal"}
          aria-label={t("uploads.progress_of", { name: item.name })}
        />
      )}
      {item.error !== undefined && (
        <div role="alert" className={item.state === "failed" ? "light-red" : "quiet"}>
          {explainUpload(item.error, t("uploads.unreadable"))}
        </div>
      )}
    </li>
  );
}
