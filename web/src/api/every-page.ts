// All pages of a list, one after the other, for a copy of it.
//
// Invariant: asked to wait, it waits; given up, it ends; more than `max` rows are not gathered, and the caller is told so.
import { json } from "./client";
import { Problem } from "./problem";

interface Asked<P, T> {
  path: (after: string | undefined) => string;
  rows: (page: P) => T[];
  next: (page: P) => string | null | undefined;
  max: number;
  /** What is there already, and where to go on. */
  begun?: { rows: T[]; after: string | undefined };
  signal?: AbortSignal;
  onProgress?: (count: number) => void;
}

export interface Gathered<T> {
  rows: T[];
  /** Whether there are more than were gathered. */
  isCut: boolean;
}

const TRIES = 5;

/** Asked to wait, it waits and asks again. */

export async function patiently<P>(path: string, signal: AbortSignal | undefined): Promise<P> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await json<P>(path, { signal });
    } catch (error) {
      const waits = error instanceof Problem && (error.status === 429 || error.status === 503);
      if (!waits || tried >= TRIES) throw error;
      await new Promise((resolve) => window.setTimeout(resolve, (error.retryAfterS ?? 1) * 1000));
      if (signal?.aborted) throw new DOMException("given up", "AbortError");
    }
  }
}

export async function everyPage<P, T>(asked: Asked<P, T>): Promise<Gathered<T>> {
  const { path, rows, next, max, begun, signal, onProgress } = asked;
  const all = [...(begun?.rows ?? [])];
  let after = begun?.after;
  if (begun && after === undefined) return { rows: all.slice(0, max), isCut: all.length > max };
  do {
    const page: P = await patiently(path(after), signal);
    all.push(...rows(page));
    onProgress?.(all.length);
    after = next(page) ?? undefined;
  } while (after !== undefined && all.length < max);
  return { rows: all.slice(0, max), isCut: after !== undefined || all.length > max };
}
