// Work in a matter, from asking for it to what it came to.
//
// `const work = useJob(matterId)` gives
//   `ask(task)`   asks under a new Idempotency-Key; a lost answer is asked for again under the same key, so nothing is done twice
//   `job`         how it stands, as the server says it; `isAsking`, `error` (nothing was asked then, or nobody knows: `ask` again)
//   `forget()`    takes it off the screen
// `<JobProgress matter={matterId} job={job} onDone={(job) => …} onAgain={() => …} />` shows progress, rate, time left, giving up, the result, a refusal;
// `job` may be a row of a list: it follows the events by itself, and both together open one stream. `useFollowed` gives the same without the look.
// `refusalOf(job)` are the words of a job that was refused.
import { Alert, Button, Progress } from "antd";
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { onceKey, write } from "~/api/client";
import { type Watched, watchedJob, watchJob } from "~/api/job-events";
import { explain, Unreachable } from "~/api/problem";
import { touched } from "~/api/queries";
import type { Job } from "~/api/shapes";
import { type Names, useWords } from "~/words/words";
import { useTimeLeft } from "./uploads";

/** A job as it goes on. */
export function useFollowed(matter: string, job: Job | undefined): Watched {
  const id = job?.id;
  const first = useRef(job);
  first.current = job;
  const subscribe = useCallback(
    (listener: () => void) => (id ? watchJob(matter, id, first.current, listener) : () => undefined),
    [matter, id],
  );
  const seen = useSyncExternalStore(subscribe, () => watchedJob(matter, id ?? ""));
  return seen.job ? seen : { ...seen, job };
}

export interface Work {
  job: Job | undefined;
  isAsking: boolean;
  error: unknown;
  ask: (task: Record<string, unknown>) => Promise<Job | undefined>;
  forget: () => void;
}

export function useJob(matter: string): Work {
  const [asked, setAsked] = useState<Job>();
  const [isAsking, setAsking] = useState(false);
  const [error, setError] = useState<unknown>();
  const last = useRef<{ task: string; key: string } | undefined>(undefined);
  const { job } = useFollowed(matter, asked);

  const ask = async (task: Record<string, unknown>): Promise<Job | undefined> => {
    const text = JSON.stringify(task);
    // The key of a request whose answer was lost stands until it is answered.
    if (last.current?.task !== text) last.current = { task: text, key: onceKey() };
    setAsking(true);
    setError(undefined);
    try {
      const made = await write<Job>("POST", `/api/v1/matters/${matter}/jobs`, { task }, { key: last.current.key });
      last.current = undefined;
      setAsked(made);
      return made;
    } catch (failed) {
      if (!(failed instanceof Unreachable)) last.current = undefined;
      setError(failed);
      return undefined;
    } finally {
      setAsking(false);
    }
  };
  const forget = () => {
    setAsked(undefined);
    setError(undefined);
  };
  return { job: asked ? job : undefined, isAsking, error, ask, forget };
}

/** Why a job was refused, in words, or nothing where it was not. */
export function refusalOf(job: Job, pick: (names: Names) => string): string | undefined {
  const refused = job.result?.refused;
  if (refused === undefined || refused === null) return undefined;
  if (typeof refused === "string") return refused;
  const told = refused as { text?: Names; message?: Names; detail?: string; code?: string } & Partial<Names>;
  const names = told.text ?? told.message ?? (told.zh && told.en ? { zh: told.zh, en: told.en } : undefined);
  return names ? pick(names) : (told.detail ?? told.code ?? JSON.stringify(refused));
}

export function JobProgress({
  matter,
  job: given,
  onDone,
  onAgain,
}: {
  matter: string;
  job: Job;
  onDone?: (job: Job) => void;
  /** Offered when it failed, was given up or was refused. */
  onAgain?: () => void;
}) {
  const { t, maybe, pick, number } = useWords();
  const left = useTimeLeft();
  const { job = given, isUnsteady, error, rate, left_s } = useFollowed(matter, given);
  const [failed, setFailed] = useState<unknown>();
  const told = useRef(given.ended_at ? given.id : undefined);
  const tell = useRef(onDone);
  tell.current = onDone;

  useEffect(() => {
    if (!job.ended_at || told.current === job.id) return;
    told.current = job.id;
    touched(matter);
    if (job.state === "done") tell.current?.(job);
  }, [job, matter]);

  const name = maybe(`uploads.job.${job.kind}`, job.kind);
  const refused = refusalOf(job, pick);
  const state = refused !== undefined ? "refused" : job.state;
  const isOver = job.ended_at !== null;
  const isBad = state === "dead" || state === "refused";
  const took = job.ended_at ? (Date.parse(job.ended_at) - Date.parse(job.made_at)) / 1000 : 0;
  const said = [
    maybe(`uploads.job.${state}`, state),
    !isOver && job.total > 0 ? t("uploads.job.of", { done: number(job.done), total: number(job.total) }) : "",
    !isOver && rate !== undefined ? t("uploads.job.rate", { rate: number(Math.round(rate * 10) / 10) }) : "",
    !isOver && left_s !== undefined ? t("uploads.left", { time: left(left_s) }) : "",
    job.attempts > 1 ? t("uploads.job.attempt", { count: job.attempts }) : "",
    isOver && took >= 1 ? t("uploads.job.took", { time: left(took) }) : "",
  ];
  const cancel = async () => {
    try {
      await write("DELETE", `/api/v1/matters/${matter}/jobs/${job.id}`);
      setFailed(undefined);
    } catch (why) {
      setFailed(why);
    }
  };

  return (
    <section className="job-progress stack" style={{ gap: 8 }} aria-label={t("uploads.job.progress", { job: name })}>
      <div className="row" role="status">
        <strong>{name}</strong>
        <span className="number">{said.filter(Boolean).join(" · ")}</span>
        {!isOver && (
          <Button size="small" onClick={() => void cancel()}>
            {t("uploads.job.cancel")}
          </Button>
        )}
        {isOver && onAgain && state !== "done" && (
          <Button size="small" onClick={onAgain}>
            {t("uploads.job.again")}
          </Button>
        )}
      </div>
      {!isOver && (
        <Progress
          // What nobody has counted yet is no share.
          percent={job.total > 0 ? Math.floor((job.done / job.total) * 1000) / 10 : 0}
          size="small"
          status="active"
          showInfo={job.total > 0}
          aria-label={t("uploads.job.progress", { job: name })}
        />
      )}
      {isUnsteady && <div className="quiet">{t("uploads.job.unsteady")}</div>}
      {isBad && <Alert type="error" showIcon title={refused ?? job.error ?? maybe(`uploads.job.${state}`, state)} />}
      {(failed ?? error) !== undefined && <Alert type="warning" showIcon title={explain(failed ?? error)} />}
    </section>
  );
}
