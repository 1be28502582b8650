import { describe, expect, it } from "vitest";
import { changed, entriesOf, numberOf, type Raw } from "./log-events";

const raw = (number: number, event: Record<string, unknown>): Raw => ({ number, digest: `d${number}`, event });
const act = (seq: number, body: Record<string, unknown>) => ({
  v: 1,
  seq,
  happened: "2024-05-18",
  recorded_at: "2026-11-24T02:00:00Z",
  by: { agency: "culture", user: "li" },
  role: "handler",
  body,
});
const mark = { at: "2026-11-24T02:00:00Z", by: "culture/li" };

describe("events", () => {
  const entries = entriesOf(
    [
      raw(1, act(1, { kind: "opened", procedure: "x", agency: "culture", to: "a" })),
      raw(2, { platform: 1, ...mark, kept: { title: "甲", handlers: [] } }),
      raw(3, {
        ledger: 1,
        mark,
        steps: [{ do: "add_party", party: { roles: ["suspect"], kind: "unknown", name: "张" } }],
      }),
      raw(4, act(2, { kind: "proposed", act: "send" })),
      raw(5, {
        ledger: 1,
        mark,
        steps: [
          { do: "correct_party", id: "P1", party: { roles: ["suspect"], kind: "natural", name: "章" }, why: "笔误" },
          { do: "add_party", party: { roles: ["witness"], kind: "natural", name: "李" } },
          { do: "withdraw_party", id: "P1", why: "重复" },
        ],
      }),
      raw(6, act(3, { kind: "endorsed", proposal: 2 })),
      raw(7, { future: 1 }),
    ],
    "start",
  );
  it("are all there, each behind the digest of the one before", () => {
    expect(entries.map((entry) => entry.what.of)).toEqual([
      "act",
      "platform",
      "ledger",
      "act",
      "ledger",
      "act",
      "unknown",
    ]);
    expect(entries.map((entry) => entry.before)).toEqual([undefined, "d1", "d2", "d3", "d4", "d5", "d6"]);
  });
  it("name the act that they open with, or that somebody agrees to, by its number in the list", () => {
    expect(entries[0]?.what).toMatchObject({ act: "start" });
    expect(entries[5]?.what).toMatchObject({ act: "send", proposal: 4 });
    expect(numberOf(entries, 3)).toBe(6);
  });
  it("give ids to what is added, and what stood before to what corrects it", () => {
    const what = entries[4]?.what;
    if (what?.of !== "ledger") throw new Error("no ledger");
    expect(what.done.map((one) => one.id)).toEqual(["P1", "P2", "P1"]);
    expect(what.done[0]?.before).toMatchObject({ name: "张" });
    expect(what.done[2]?.before).toMatchObject({ name: "章" });
  });
});

it("what changed is what differs", () => {
  expect(changed({ a: 1, b: [1], c: 2 }, { a: 1, b: [2], d: 3 })).toEqual(["b", "c", "d"]);
});
