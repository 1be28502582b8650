import type { TabOf } from "../matter";

export function MatchesTab(_: TabOf) {
  return null;
}
