// Sending steps to the ledger: under the version that was seen, all or none, again under the same key after a lost answer.
//
// Invariant: nothing is shown as done that the server did not answer; what it refused is told step by step.
import { useCallback, useRef, useState } from "react";
import { onceKey, write } from "~/api/client";
import { explain, Problem, Unreachable } from "~/api/problem";
import { queries, touched } from "~/api/queries";
import type { Goods, Matter, Movement, Party, Task } from "~/api/shapes";
import type { Names } from "~/words/words";

export type Step =
  | { do: "add_party"; party: Party }
  | { do: "correct_party"; id: string; party: Party; why: string }
  | { do: "withdraw_party"; id: string; why: string }
  | { do: "add_goods"; goods: Goods }
  | { do: "correct_goods"; id: string; goods: Goods; why: string }
  | { do: "withdraw_goods"; id: string; why: string }
  | { do: "move_goods"; id: string; lot: number; movement: Movement }
  | { do: "add_task"; task: Task }
  | { do: "change_task"; id: string; task: Task }
  | { do: "end_task"; id: string; how: "done" | "dropped"; note?: string }
  | { do: "reopen_task"; id: string; why: string };

/** One thing that stands against a step. */
export interface Against {
  step: number;
  code: string;
  about: string | null;
  message: Names;
}

export const MAX_STEPS = 200;
/** An event holds no more than this; a mark is beside the steps. */
const MAX_BYTES = 240_000;

/** Steps in pieces that the server takes at once. */
export function pieces<T>(steps: T[]): T[][] {
  const all: T[][] = [];
  const encoder = new TextEncoder();
  let size = MAX_BYTES + 1;
  for (const step of steps) {
    const bytes = encoder.encode(JSON.stringify(step)).length + 1;
    const last = all.at(-1);
    if (!last || last.length >= MAX_STEPS || size + bytes > MAX_BYTES) {
      all.push([step]);
      size = bytes;
    } else {
      last.push(step);
      size += bytes;
    }
  }
  return all;
}

interface Attempt {
  path: string;
  content: string;
  version: string;
  key: string;
}

export interface Sending {
  /** Whether it was taken; what stands against it otherwise is in `against` and `failure`. */
  send: (steps: Step[]) => Promise<boolean>;
  /** Any other write to the matter, such as an act, in the same way. */
  sendTo: (path: string, content: unknown) => Promise<boolean>;
  against: Against[];
  /** The same at once, for who sends on before the page is drawn again. */
  latest: { readonly current: Against[] };
  failure: string | undefined;
  busy: boolean;
  clear: () => void;
}

export function useSteps(matter: Matter): Sending {
  const [against, setAgainst] = useState<Against[]>([]);
  const [failure, setFailure] = useState<string>();
  const [busy, setBusy] = useState(false);
  const lost = useRef<Attempt | undefined>(undefined);
  const id = matter.id;
  const shown = useRef(matter.version);
  shown.current = matter.version;

  const latest = useRef<Against[]>([]);
  const clear = useCallback(() => {
    latest.current = [];
    setAgainst([]);
    setFailure(undefined);
  }, []);

  const sendTo = useCallback(
    async (path: string, body: unknown) => {
      const content = JSON.stringify([path, body]);
      // After a lost answer the very same request is sent: the server knows whether it was done.
      const attempt: Attempt =
        lost.current?.content === content
          ? lost.current
          : {
              path,
              content,
              version: queries.getQueryData<Matter>(["matter", id])?.version ?? shown.current,
              key: onceKey(),
            };
      setBusy(true);
      clear();
      try {
        const after = await write<Matter>("POST", path, body, attempt);
        lost.current = undefined;
        if (after?.state) queries.setQueryData(["matter", id], after);
        touched(id);
        return true;
      } catch (error) {
        const isLost = error instanceof Unreachable || (error instanceof Problem && error.status >= 500);
        lost.current = isLost ? attempt : undefined;
        if (error instanceof Problem && error.body.refusals) {
          latest.current = error.body.refusals as unknown as Against[];
          setAgainst(latest.current);
        }
        // Somebody wrote first: what is behind the form is read anew, and the next try names the new version.
        if (error instanceof Problem && (error.status === 412 || error.status === 409)) touched(id);
        setFailure(explain(error));
        return false;
      } finally {
        setBusy(false);
      }
    },
    [id, clear],
  );
  const send = useCallback((steps: Step[]) => sendTo(`/api/v1/matters/${id}/ledger`, { steps }), [id, sendTo]);
  return { send, sendTo, against, latest, failure, busy, clear };
}
