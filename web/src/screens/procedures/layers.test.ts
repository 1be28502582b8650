import { describe, expect, it } from "vitest";
import type { Procedure, ProcedureAct } from "~/api/shapes";
import { placesOf, waysOf } from "./layers";

const act = (id: string, kind: string, from: string[], to: string | null, more = {}) =>
  ({ id, kind, from, to, ...more }) as unknown as ProcedureAct;
const definition = {
  stage: ["a", "b", "c", "d"].map((id) => ({ id, name: { zh: id, en: id }, kind: "working" })),
  act: [
    act("begin", "open", [], "a"),
    act("on", "step", ["a"], "b"),
    act("also", "step", ["a"], "b"),
    act("end", "step", ["a", "b"], "c"),
    act("back", "return", ["c"], null, { to_any: ["a"] }),
    act("note", "step", ["b"], null),
  ],
} as unknown as Procedure;

describe("the diagram of a procedure", () => {
  it("stands in columns by the shortest way", () => {
    expect(placesOf(definition).map(({ id, column, row }) => [id, column, row])).toEqual([
      ["a", 0, 0],
      ["b", 1, 0],
      ["c", 1, 1],
      ["d", 2, 0],
    ]);
  });
  it("draws each way once, with all its acts", () => {
    expect(waysOf(definition)).toEqual([
      { from: "a", to: "b", acts: ["on", "also"] },
      { from: "a", to: "c", acts: ["end"] },
      { from: "b", to: "c", acts: ["end"] },
      { from: "c", to: "a", acts: ["back"] },
    ]);
  });
});
