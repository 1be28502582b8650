// What a list is filtered by stands in its address: it can be shared, kept and gone back to.
import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";

/** The named parts of the address, without empty ones; setting leaves all others as they are. */
export function useUrl<K extends string>(
  names: readonly K[],
): [Partial<Record<K, string>>, (patch: Partial<Record<K, string | undefined>>, how?: { push?: boolean }) => void] {
  const [asked, setAsked] = useSearchParams();
  const key = names.map((name) => asked.get(name) ?? "").join("\u0000");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same values are the same object, however often the address changes elsewhere.
  const values = useMemo(() => {
    const found: Partial<Record<K, string>> = {};
    for (const name of names) {
      const value = asked.get(name);
      if (value) found[name] = value.slice(0, 200);
    }
    return found;
  }, [key]);
  const set = useCallback(
    (patch: Partial<Record<K, string | undefined>>, how?: { push?: boolean }) => {
      setAsked(
        (before) => {
          const next = new URLSearchParams(before);
          for (const [name, value] of Object.entries(patch) as [K, string | undefined][]) {
            if (value) next.set(name, value);
            else next.delete(name);
          }
          return next;
        },
        { replace: !how?.push, preventScrollReset: true },
      );
    },
    [setAsked],
  );
  return [values, set];
}
