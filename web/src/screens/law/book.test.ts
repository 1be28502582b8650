import { expect, it } from "vitest";
import { isInForce, linesOf, type RuleLine, speaksOf } from "./book";

const rule: RuleLine = {
  id: "cn/criminal/217",
  kind: "element",
  title: { zh: "侵犯著作权罪", en: "Copyright crime" },
  citation: { zh: "刑法第二百一十七条", en: "Criminal Law art. 217" },
  versions: ["1997-10-01"],
  verified: true,
  file: "x",
  offences: [],
  in_force: [{ from: "1997-10-01", until: "2021-02-28" }, { from: "2021-03-01" }],
  open: [],
};

it("a rule is in force from its first day to its last", () => {
  expect(isInForce(rule, "1997-09-30")).toBe(false);
  expect(isInForce({ ...rule, in_force: rule.in_force.slice(0, 1) }, "2021-02-28")).toBe(true);
  expect(isInForce({ ...rule, in_force: rule.in_force.slice(0, 1) }, "2021-03-01")).toBe(false);
  expect(isInForce(rule, "2026-01-01") && isInForce(rule, undefined)).toBe(true);
});

it("rules are found by words of both languages", () => {
  expect(speaksOf(rule, "著作权") && speaksOf(rule, "criminal　217") && speaksOf(rule, "")).toBe(true);
  expect(speaksOf(rule, "商标")).toBe(false);
});

it("lines are a table only where each is one fact that reaches one value", () => {
  const line = {
    id: "a",
    tier: "serious",
    condition: { at_or_above: { fact: "gain", threshold: { fen: 300 } } },
    verified: true,
  };
  expect(linesOf({ lines: [line] })).toEqual([
    { id: "a", tier: "serious", applies: [], fact: "gain", threshold: { fen: 300 }, verified: true },
  ]);
  for (const body of [
    { lines: [line, { ...line, applies: [{ all: [] }] }] },
    { lines: [{ ...line, condition: { all: [] } }] },
    { lines: [line], more: 1 },
    { lines: [] },
    {},
    null,
  ])
    expect(linesOf(body)).toBeUndefined();
});
