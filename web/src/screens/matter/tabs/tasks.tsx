import type { TabOf } from "../matter";

export function TasksTab(_: TabOf) {
  return null;
}
