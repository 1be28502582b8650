// A job as it goes on: the server's events, one stream a job however many look, connected again when the line is lost.
//
// In:  matter and job.
// Out: `watchJob`: how it stands, its rate and time left, until it ends.
//
// Invariant: what is shown was said by the server; the rate is the only thing that is computed here, from what it said when.
// `EventSource` cannot state a purpose nor ask to sign in again, so the stream is read through the client.
import { json, send } from "./client";
import { Problem, Unreachable } from "./problem";
import type { Job } from "./shapes";

export interface Watched {
  job: Job | undefined;
  /** The line to its events is lost; the job itself goes on. */
  isUnsteady: boolean;
  error: unknown;
  /** Steps a second; nothing while it cannot be told. */
  rate: number | undefined;
  left_s: number | undefined;
}

const AGAIN_MS = 2_000;
const MAX_EVENT = 1 << 20;
const NOTHING: Watched = { job: undefined, isUnsteady: false, error: undefined, rate: undefined, left_s: undefined };

/** The data of each event `job` in a stream of server-sent events. */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest = `${rest}${decoder.decode(value, { stream: true })}`.replace(/\r\n?/g, "\n");
      if (rest.length > MAX_EVENT) throw new Error("an event without an end");
      for (let cut = rest.indexOf("\n\n"); cut >= 0; cut = rest.indexOf("\n\n")) {
        const lines = rest.slice(0, cut).split("\n");
        rest = rest.slice(cut + 2);
        // Lines without data keep the line open and say nothing.
        const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).replace(/^ /, ""));
        if (data.length > 0) yield data.join("\n");
      }
    }
  } finally {
    reader.releaseLock();
  }
}

/** Rate and time left, from how far it was when. */
export class Pace {
  private from: { at: number; done: number } | undefined;
  private total = 0;

  at(now: number, done: number, total: number): { rate: number | undefined; left_s: number | undefined } {
    // A new count of things begins a new reckoning: a job may come to another part of its work.
    if (!this.from || done < this.from.done || total !== this.total) this.from = { at: now, done };
    this.total = total;
    const seconds = (now - this.from.at) / 1000;
    const gained = done - this.from.done;
    if (seconds < 1 || gained <= 0) return { rate: undefined, left_s: undefined };
    const rate = gained / seconds;
    return { rate, left_s: total > done ? (total - done) / rate : undefined };
  }
}

class Feed {
  shown: Watched;
  readonly listeners = new Set<() => void>();
  private readonly stop = new AbortController();
  private readonly pace = new Pace();

  constructor(
    private readonly path: string,
    first: Job | undefined,
  ) {
    this.shown = { ...NOTHING, job: first };
    if (!first?.ended_at) void this.follow();
  }

  end(): void {
    this.stop.abort();
  }

  private tell(change: Partial<Watched>): void {
    this.shown = { ...this.shown, ...change };
    for (const listener of this.listeners) listener();
  }

  private hear(job: Job): void {
    this.tell({ job, isUnsteady: false, error: undefined, ...this.pace.at(performance.now(), job.done, job.total) });
  }

  private async follow(): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted && !this.shown.job?.ended_at) {
      try {
        const answer = await send(new URL(`${this.path}/events`, window.location.origin).href, { signal });
        if (answer.body) for await (const data of eventsOf(answer.body)) this.hear(JSON.parse(data) as Job);
        // A server in front may hold a stream back until it ends, or cut it: the job itself is asked then.
        if (!this.shown.job?.ended_at) this.hear(await json<Job>(this.path, { signal }));
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Problem && error.status < 500 && error.status !== 429) return this.tell({ error });
        this.tell({ isUnsteady: true, error: error instanceof Unreachable ? undefined : error });
      }
      if (!signal.aborted && !this.shown.job?.ended_at)
        await new Promise((resolve) => window.setTimeout(resolve, AGAIN_MS));
    }
  }
}

const feeds = new Map<string, Feed>();

/** Follows a job as long as somebody listens. */
export function watchJob(matter: string, id: string, first: Job | undefined, listener: () => void): () => void {
  const path = `/api/v1/matters/${matter}/jobs/${id}`;
  let feed = feeds.get(path);
  if (!feed) {
    feed = new Feed(path, first);
    feeds.set(path, feed);
  }
  feed.listeners.add(listener);
  return () => {
    feed.listeners.delete(listener);
    if (feed.listeners.size === 0) {
      feed.end();
      if (feeds.get(path) === feed) feeds.delete(path);
    }
  };
}

export function watchedJob(matter: string, id: string): Watched {
  return feeds.get(`/api/v1/matters/${matter}/jobs/${id}`)?.shown ?? NOTHING;
}
