import type { TabOf } from "../matter";

export function LogTab(_: TabOf) {
  return null;
}
