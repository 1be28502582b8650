// What is asked of who filed, by the shipped procedure, and what their answer becomes.
import { expect, it } from "vitest";
import type { Filing, Procedure } from "~/api/shapes";
import { commandOf, wanted } from "./wanted";

const name = (zh: string) => ({ zh, en: zh });
const act = (id: string, more: object) => ({ id, kind: "step", from: [], needs: [], papers: [], ...more });
const definition = {
  fact: [
    { id: "place_of_act", name: name("地"), kind: "text", outside: true },
    { id: "jurisdiction_settled", name: name("管辖"), kind: "flag" },
    { id: "named_informant", name: name("实名"), kind: "flag", outside: true },
  ],
  paper: [
    { id: "complaint_letter", name: name("书"), outside: true },
    { id: "right_proof", name: name("权"), outside: true },
    { id: "evidence_material", name: name("线索"), outside: true },
    { id: "acceptance_notice", name: name("通知") },
  ],
  act: [
    act("accept", {
      from: ["received"],
      needs: [{ fact: "place_of_act" }, { fact: "jurisdiction_settled", is: true }],
      papers: ["right_proof", "evidence_material"],
    }),
    act("supplement", { from: ["supplementing"], papers: ["evidence_material"] }),
  ],
} as unknown as Procedure;
const filing = (more: object) =>
  ({ stage: "received", facts: {}, papers: { complaint_letter: "网上" }, acts: [], ...more }) as unknown as Filing;
const withdraw = { act: "withdraw", kind: "withdraw", possible: true, asks: [{ ask: "reason" }] };
const supplement = {
  act: "supplement",
  kind: "step",
  possible: true,
  asks: [{ ask: "paper", of: "evidence_material" }],
};
const brought = {
  papers: { right_proof: { by: "file", file: "F1" }, evidence_material: { by: "number", text: " " } },
  facts: { place_of_act: { text: "320505" } },
} as const;

it("asks for what acceptance needs and is theirs, and for nothing of the agency", () => {
  const found = wanted(filing({ acts: [withdraw] }), definition);
  expect(found.papers.map((one) => [one.id, one.isNeeded])).toEqual([
    ["right_proof", true],
    ["evidence_material", true],
  ]);
  expect(found.facts.map((one) => one.id)).toEqual(["place_of_act"]);
});

it("puts first what was asked for, and lets them bring again what was there", () => {
  const found = wanted(filing({ stage: "supplementing", acts: [supplement, withdraw] }), definition);
  expect(found.papers.map((one) => [one.id, one.isNeeded, one.isThere])).toEqual([
    ["evidence_material", true, false],
    ["right_proof", false, false],
    ["complaint_letter", false, true],
  ]);
});

it("supplies where nothing was asked for, does the act where it was, and leaves out what is empty", () => {
  const given = { papers: { right_proof: "file:F1" }, facts: { place_of_act: { text: "320505" } } };
  expect(commandOf(filing({ acts: [withdraw] }), brought)).toEqual({ do: "supply", ...given });
  expect(commandOf(filing({ acts: [supplement] }), brought)).toEqual({ do: "act", act: "supplement", given });
});
