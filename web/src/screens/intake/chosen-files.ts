// The files of a complaint that is being written: they live in this tab, because a browser keeps no file for a page.
import { useSyncExternalStore } from "react";
import type { Kind } from "~/api/chosen";

export interface ChosenFile {
  file: File;
  kind: Kind;
}

let held: ChosenFile[] = [];
const listeners = new Set<() => void>();

export function setChosen(next: ChosenFile[]): void {
  held = next;
  for (const listener of listeners) listener();
}

export function useChosen(): ChosenFile[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => held,
  );
}

export const sameFile = (one: { name: string; size: number }, two: { name: string; size: number }): boolean =>
  one.name === two.name && one.size === two.size;
