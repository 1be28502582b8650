// Asking for a comparison, and how the last one stands.
import { Alert, Button, Popconfirm, Progress } from "antd";
import { useEffect, useRef, useState } from "react";
import { onceKey, write } from "~/api/client";
import { explain } from "~/api/problem";
import { isEnded, queries, useJobs } from "~/api/queries";
import type { Job } from "~/api/shapes";
import { useWords } from "~/words/words";

/** The newest job of a kind, and a way to ask for another; asked again after a lost answer it is the same one. */
export function useWork(matter: string, kind: Job["kind"]) {
  const { data: jobs } = useJobs(matter);
  const [error, setError] = useState<unknown>();
  const [isSending, setSending] = useState(false);
  const once = useRef(onceKey());
  const last = jobs?.filter((job) => job.kind === kind).sort((one, other) => (one.made_at < other.made_at ? 1 : -1))[0];
  const isRunning = last !== undefined && !isEnded(last);
  const was = useRef(isRunning);
  useEffect(() => {
    // What a job made is read as soon as it ended.
    if (was.current && !isRunning) void queries.invalidateQueries({ queryKey: ["matter", matter] });
    was.current = isRunning;
  }, [isRunning, matter]);
  const ask = async (task: Record<string, unknown>): Promise<boolean> => {
    setSending(true);
    setError(undefined);
    try {
      await write("POST", `/api/v1/matters/${matter}/jobs`, { task: { kind, ...task } }, { key: once.current });
      once.current = onceKey();
      await queries.invalidateQueries({ queryKey: ["matter", matter, "jobs"] });
      return true;
    } catch (failure) {
      setError(failure);
      return false;
    } finally {
      setSending(false);
    }
  };
  const stop = async () => {
    if (!last) return;
    try {
      await write("DELETE", `/api/v1/matters/${matter}/jobs/${last.id}`);
    } catch (failure) {
      setError(failure);
    }
    await queries.invalidateQueries({ queryKey: ["matter", matter, "jobs"] });
  };
  return { last, isRunning, isSending, error, ask, stop };
}

/** What became of a job that did not do its work; nothing while all is well. */
export function JobTrouble({ job, error }: { job: Job | undefined; error: unknown }) {
  const { t } = useWords();
  const refused = job?.result?.refused as { detail?: string; message?: string; text?: string } | string | undefined;
  const detail =
    typeof refused === "string" ? refused : (refused?.detail ?? refused?.message ?? refused?.text ?? undefined);
  if (error) return <Alert type="error" showIcon title={explain(error)} />;
  if (refused !== undefined) {
    return (
      <Alert type="warning" showIcon title={t("review.job.refused", { detail: detail ?? JSON.stringify(refused) })} />
    );
  }
  if (job?.state === "dead")
    return <Alert type="error" showIcon title={t("review.job.failed", { detail: job.error ?? "" })} />;
  return null;
}

export function JobBar({ job, onStop }: { job: Job; onStop: () => void }) {
  const { t } = useWords();
  const share = job.total > 0 ? Math.round((job.done / job.total) * 100) : 0;
  return (
    <div className="row" role="status">
      <Progress percent={share} className="job-bar" aria-label={t("frame.loading")} />
      <Button size="small" onClick={onStop}>
        {t("frame.cancel")}
      </Button>
    </div>
  );
}

export function Compare({ matter, hasReport }: { matter: string; hasReport: boolean }) {
  const { t } = useWords();
  const work = useWork(matter, "match");
  const button = (onClick?: () => void) => (
    <Button type={hasReport ? "default" : "primary"} loading={work.isSending} onClick={onClick}>
      {t(hasReport ? "review.compare.again" : "review.compare.now")}
    </Button>
  );
  return (
    <div className="stack no-print">
      {work.isRunning && work.last ? (
        <JobBar job={work.last} onStop={() => void work.stop()} />
      ) : hasReport ? (
        <Popconfirm
          title={t("review.compare.again")}
          description={<div className="narrow">{t("review.compare.again_why")}</div>}
          onConfirm={() => void work.ask({})}
        >
          {button()}
        </Popconfirm>
      ) : (
        <div>{button(() => void work.ask({}))}</div>
      )}
      {!work.isRunning && <JobTrouble job={work.last} error={work.error} />}
    </div>
  );
}
