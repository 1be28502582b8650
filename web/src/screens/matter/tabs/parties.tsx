import type { TabOf } from "../matter";

export function PartiesTab(_: TabOf) {
  return null;
}
