// What somebody typed, kept in this browser until it is sent: a closed tab, a lost session or a crash loses nothing.
//
// Invariant: kept per person, so that the next one at this machine does not see it; nothing is kept for longer than thirty days.
import { useCallback, useEffect, useRef, useState } from "react";
import { useSession } from "~/api/queries";

const PREFIX = "quanlian.draft.";
const KEPT_MS = 30 * 86_400_000;

interface Kept<T> {
  at: number;
  value: T;
}

function read<T>(key: string): T | undefined {
  try {
    const kept = JSON.parse(window.localStorage.getItem(key) ?? "null") as Kept<T> | null;
    if (kept && Date.now() - kept.at < KEPT_MS) return kept.value;
  } catch {
    // What cannot be read is no draft.
  }
  return undefined;
}

/** Clears drafts that are too old; called once when the pages begin. */
export function tidyDrafts(): void {
  for (const key of Object.keys(window.localStorage)) {
    if (key.startsWith(PREFIX) && read(key) === undefined) window.localStorage.removeItem(key);
  }
}

/** A value that survives the tab: `[value, set, clear, isRestored]`. */
export function useDraft<T>(name: string, initial: T): [T, (value: T) => void, () => void, boolean] {
  const { data: who } = useSession();
  const key = `${PREFIX}${who?.id ?? "nobody"}.${name}`;
  const [kept] = useState(() => read<T>(key));
  const [value, setValue] = useState<T>(kept ?? initial);
  const timer = useRef<number | undefined>(undefined);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const set = useCallback(
    (next: T) => {
      setValue(next);
      window.clearTimeout(timer.current);
      timer.current = window.setTimeout(() => {
        try {
          window.localStorage.setItem(key, JSON.stringify({ at: Date.now(), value: next } satisfies Kept<T>));
        } catch {
          // A full store: the form still holds what was typed.
        }
      }, 250);
    },
    [key],
  );
  const clear = useCallback(() => {
    window.clearTimeout(timer.current);
    window.localStorage.removeItem(key);
  }, [key]);
  return [value, set, clear, kept !== undefined];
}
