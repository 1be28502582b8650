// The digests of a file in this browser: a worker reads it in pieces, so that a large one takes time and no memory.
import type { Asked, Told } from "./worker";

export interface Digests {
  sha256: string;
  sm3?: string;
}

/** The file was moved, changed or cannot be read. */
export class Unreadable extends Error {}

export function digestsOf(
  file: Blob,
  options: { sm3?: boolean; onProgress?: (done: number) => void; signal?: AbortSignal } = {},
): Promise<Digests> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    const end = (settle: () => void) => {
      worker.terminate();
      options.signal?.removeEventListener("abort", stop);
      settle();
    };
    const stop = () => end(() => reject(new DOMException("given up", "AbortError")));
    if (options.signal?.aborted) return stop();
    options.signal?.addEventListener("abort", stop);
    worker.onmessage = ({ data }: MessageEvent<Told>) => {
      if ("done" in data) options.onProgress?.(data.done);
      else if ("failed" in data) end(() => reject(new Unreadable(data.failed)));
      else end(() => resolve({ sha256: data.sha256, sm3: data.sm3 }));
    };
    worker.onerror = (event) => end(() => reject(new Unreadable(event.message)));
    worker.postMessage({ file, sm3: options.sm3 ?? false } satisfies Asked);
    return undefined;
  });
}
