import type { TabOf } from "../matter";

export function PapersTab(_: TabOf) {
  return null;
}
