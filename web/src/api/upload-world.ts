// What the sender of uploads needs of the world: the server's side of tus 1.0.0, digests, time.
//
// Invariant: an answer without an offset that can be read is a failure of whoever answered, never an offset of zero.
import { digestsOf } from "~/digest/digest";
import { json, send, write } from "./client";
import { pathOf } from "./place";
import { Problem } from "./problem";
import type { Upload } from "./shapes";

/** What the sender needs of the world; tests give another one. */
export interface World {
  begin: (matter: string, body: { kind: string; name: string; size_bytes: number; sha256?: string }) => Promise<Upload>;
  look: (id: string) => Promise<{ offset: number; file: string | undefined }>;
  piece: (id: string, offset: number, bytes: Blob, signal: AbortSignal) => Promise<{ offset: number; file?: string }>;
  end: (id: string) => Promise<void>;
  digest: (file: File, onProgress: (done: number) => void, signal: AbortSignal) => Promise<string>;
  /** Waits; ends early when the line is back. */
  wait: (ms: number, signal: AbortSignal) => Promise<void>;
  now: () => number;
}

const CHANNEL = "/api/v1/uploads/";

export const world: World = {
  begin: (matter, body) => write<Upload>("POST", `/api/v1/${pathOf(matter)}/uploads`, body),
  // `GET` says what `HEAD` says, and which file it became; and unlike it, why it cannot.
  look: async (id) => {
    const { offset, file } = await json<Upload>(CHANNEL + id, { cache: "no-store" });
    return { offset, file: file ?? undefined };
  },
  piece: async (id, offset, bytes, signal) => {
    const answer = await send(new URL(CHANNEL + id, window.location.origin).href, {
      method: "PATCH",
      headers: {
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": `${offset}`,
        "Tus-Resumable": "1.0.0",
      },
      body: bytes,
      signal,
    });
    const place = answer.headers.get("location");
    const reached = Number(answer.headers.get("upload-offset") ?? Number.NaN);
    if (!Number.isSafeInteger(reached)) throw new Problem(502, {}, null);
    return { offset: reached, file: place?.split("/").at(-1) };
  },
  end: (id) => write<void>("DELETE", CHANNEL + id),
  digest: async (file, onProgress, signal) => (await digestsOf(file, { onProgress, signal })).sha256,
  wait: (ms, signal) =>
    new Promise((resolve) => {
      const end = () => {
        window.clearTimeout(timer);
        window.removeEventListener("online", end);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = window.setTimeout(end, ms);
      window.addEventListener("online", end);
      signal.addEventListener("abort", end);
    }),
  now: () => performance.now(),
};
