// How far somebody is in the tour: kept per person in this browser, known to every page that is open.
import { useCallback, useMemo, useSyncExternalStore } from "react";

interface State {
  isOpen: boolean;
  isSmall: boolean;
  isDeclined: boolean;
  done: string[];
}

const KEY = "quanlian.tour.";
const NONE: State = { isOpen: false, isSmall: false, isDeclined: false, done: [] };
const listeners = new Set<() => void>();

function read(text: string | null): State {
  try {
    const kept = JSON.parse(text ?? "null") as Partial<State> | null;
    if (kept && Array.isArray(kept.done)) return { ...NONE, ...kept, done: kept.done.map(String) };
  } catch {
    // What cannot be read is a tour that nobody began.
  }
  return NONE;
}

export interface Tour extends State {
  open: () => void;
  begin: () => void;
  end: () => void;
  small: (isSmall: boolean) => void;
  tick: (step: string, isDone: boolean) => void;
}

export function useTour(person: string | undefined): Tour {
  const key = KEY + (person ?? "nobody");
  const text = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      window.addEventListener("storage", listener);
      return () => {
        listeners.delete(listener);
        window.removeEventListener("storage", listener);
      };
    },
    () => window.localStorage.getItem(key),
  );
  const state = useMemo(() => read(text), [text]);
  const put = useCallback(
    (change: (state: State) => Partial<State>) => {
      const now = read(window.localStorage.getItem(key));
      try {
        window.localStorage.setItem(key, JSON.stringify({ ...now, ...change(now) }));
      } catch {
        // A full store: the tour is not kept.
      }
      for (const listener of listeners) listener();
    },
    [key],
  );
  return useMemo(
    () => ({
      ...state,
      open: () => put(() => ({ isOpen: true, isSmall: false })),
      begin: () => put(() => ({ isOpen: true, isSmall: false, done: [] })),
      end: () => put(() => ({ isOpen: false, isDeclined: true })),
      small: (isSmall) => put(() => ({ isSmall })),
      tick: (step, isDone) =>
        put(({ done }) => ({ done: isDone ? [...new Set([...done, step])] : done.filter((one) => one !== step) })),
    }),
    [state, put],
  );
}
