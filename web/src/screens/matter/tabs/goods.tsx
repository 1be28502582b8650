import type { TabOf } from "../matter";

export function GoodsTab(_: TabOf) {
  return null;
}
