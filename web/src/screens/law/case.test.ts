import { describe, expect, it } from "vitest";
import { caseOf, countOf, EMPTY, faultsOf, LINE, type Typed, typedOf } from "./case";
import type { Assessed } from "./shapes";

const typed: Typed = {
  offence: "cn/criminal/217",
  person: "natural",
  from: "2024-01-01",
  to: "",
  judged_on: "",
  lines: [
    { ...LINE, name: "illegal_gain", typed: "７.2万" },
    { ...LINE, name: "actual_clicks", how: "at_least", typed: "3万", certainty: "alleged" },
    { ...LINE, name: "profit_purpose", flag: false },
  ],
};

describe("a case file", () => {
  it("holds what was typed and nothing else", () => {
    expect(caseOf(typed, "li")).toEqual({
      offence: "cn/criminal/217",
      person: "natural",
      conduct: { from: "2024-01-01" },
      facts: [
        { name: "illegal_gain", stated_by: "li", fen: 7_200_000 },
        { name: "actual_clicks", stated_by: "li", certainty: "alleged", at_least_count: 30_000 },
        { name: "profit_purpose", stated_by: "li", value: false },
      ],
    });
    expect(caseOf({ ...EMPTY, offence: "cn/criminal/213" }, undefined)).toEqual({
      offence: "cn/criminal/213",
      facts: [],
    });
  });
  it("is not sent with what is no number", () => {
    expect(faultsOf(typed)).toEqual([]);
    expect(faultsOf({ ...typed, lines: [{ ...LINE, name: "copies", typed: "1.5" }] })).toEqual(["bad_count"]);
    expect(faultsOf({ ...typed, lines: [{ ...LINE, name: "illegal_gain", typed: "about 7" }] })).toEqual(["bad_money"]);
    expect(faultsOf({ ...typed, offence: "", to: "2023-12-31" })).toEqual(["no_offence", "bad_days"]);
    expect(countOf("３，０００")).toBe(3000);
    expect(countOf("1.5万")).toBe(15_000);
  });
  it("is filled from the last one, without what the program drew itself", () => {
    const sheet = {
      ...(caseOf(typed, "li") as unknown as Assessed["sheet"]),
      facts: [
        { name: "illegal_gain", fen: 7_200_000, stated_by: "li" },
        { name: "actual_clicks", at_least_count: 5, stated_by: "quanlian-case" },
        { name: "online", value: true, stated_by: "li" },
      ],
    };
    const again = typedOf({ sheet } as Assessed);
    expect(again.lines.map((line) => [line.name, line.typed, line.flag])).toEqual([
      ["illegal_gain", "72000", true],
      ["online", "", true],
    ]);
  });
});
