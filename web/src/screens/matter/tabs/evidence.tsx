import type { TabOf } from "../matter";

export function EvidenceTab(_: TabOf) {
  return null;
}
