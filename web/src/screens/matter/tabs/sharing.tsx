import type { TabOf } from "../matter";

export function SharingTab(_: TabOf) {
  return null;
}
