import type { TabOf } from "../matter";

export function LawTab(_: TabOf) {
  return null;
}
