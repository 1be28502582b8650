import { describe, expect, it } from "vitest";
import type { Ask, FileView, Procedure, ProcedureAct } from "~/api/shapes";
import { begin, fieldsOf, fileNamed, given, toMake } from "./asked";

const act = {
  id: "accept",
  needs: [{ fact: "place" }, { fact: "settled", is: true }],
  one_of: [],
  makes: ["notice"],
} as unknown as ProcedureAct;
const asks: Ask[] = [
  { ask: "fact", of: "settled" },
  { ask: "fact", of: "place" },
  { ask: "paper", of: "identity" },
  { ask: "paper", of: "notice" },
  { ask: "persons", of: "second_handler" },
];
const definition = {
  paper: [
    { id: "identity", name: { zh: "身份证明", en: "proof of identity" }, outside: true },
    { id: "notice", name: { zh: "受理通知书", en: "notice" } },
  ],
} as unknown as Procedure;
const file = (id: string, name: string, at: string, withdrawn?: object) =>
  ({ id, name, at, withdrawn }) as unknown as FileView;

describe("what an act asks for", () => {
  it("is proposed where it is known, and nothing else is", () => {
    const fields = fieldsOf(asks, act);
    expect(fields.papers).toEqual(["identity"]);
    const answers = begin(
      fields,
      definition,
      act,
      [file("F1", "投诉人身份证明(扫描).pdf", "2024-01-01")],
      ["zhou", "wang"],
    );
    expect(answers.facts).toEqual({ settled: { flag: true } });
    expect(answers.papers).toEqual({ notice: { by: "made" }, identity: { by: "file", file: "F1" } });
    expect(answers.persons).toEqual(["zhou"]);
    expect(toMake(answers)).toEqual(["notice"]);
    expect(given(answers, { notice: "F2" })).toEqual({
      facts: { settled: { flag: true } },
      papers: { notice: "file:F2", identity: "file:F1" },
    });
  });
  it("sends no paper that was not made", () => {
    const answers = begin(fieldsOf(asks, act), definition, act, [], []);
    expect(given(answers, {}).papers).toBeUndefined();
  });
});

describe("a file is taken for a paper by its name", () => {
  it("the newest that still counts", () => {
    const files = [
      file("F1", "身份证明.pdf", "2024-01-01"),
      file("F2", "身份证明-2.pdf", "2024-01-02"),
      file("F3", "身份证明.pdf", "2024-01-03", {}),
    ];
    expect(fileNamed("身份证明", files)?.id).toBe("F2");
    expect(fileNamed("营业执照", files)).toBeUndefined();
    expect(fileNamed("", files)).toBeUndefined();
  });
});
