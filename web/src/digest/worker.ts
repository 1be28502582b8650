// Digests of a file, read in pieces, away from the page.
//
// In:  `{ file, sm3 }` as a message.
// Out: `{ done }` for each piece, then `{ sha256, sm3? }`, or `{ failed }` where the file cannot be read (moved, changed, a broken disk).
import { Sha256 } from "./sha256";
import { Sm3 } from "./sm3";

const PIECE_BYTES = 4 << 20;

export interface Asked {
  file: Blob;
  sm3: boolean;
}
export type Told = { done: number } | { sha256: string; sm3: string | undefined } | { failed: string };

export async function digest(asked: Asked, tell: (done: number) => void): Promise<{ sha256: string; sm3?: string }> {
  const sha256 = new Sha256();
  const sm3 = asked.sm3 ? new Sm3() : undefined;
  for (let at = 0; at < asked.file.size; at += PIECE_BYTES) {
    const piece = new Uint8Array(await asked.file.slice(at, at + PIECE_BYTES).arrayBuffer());
    sha256.update(piece);
    sm3?.update(piece);
    tell(at + piece.length);
  }
  return { sha256: sha256.hex(), sm3: sm3?.hex() };
}

const scope = globalThis as unknown as {
  postMessage?: (told: Told) => void;
  onmessage?: (event: MessageEvent<Asked>) => void;
  document?: unknown;
};
// Tests import this file without a worker around it.
if (scope.document === undefined && typeof scope.postMessage === "function") {
  scope.onmessage = async ({ data }) => {
    try {
      const found = await digest(data, (done) => scope.postMessage?.({ done }));
      scope.postMessage?.({ sha256: found.sha256, sm3: found.sm3 });
    } catch (error) {
      scope.postMessage?.({ failed: error instanceof Error ? error.message : String(error) });
    }
  };
}
