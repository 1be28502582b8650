import { describe, expect, it } from "vitest";
import { address, MAX_SAVED, question, read, savedOf, sortNext, withSaved } from "./filter";

describe("the filter of matters", () => {
  it("asks nothing that the server does not know", () => {
    const asked = question({
      status: "nonsense",
      sort: "title",
      direction: "up",
      due_before: "tomorrow",
      view: "all",
      number: "　ｃｕｌｔｕｒｅ－２０２６ ",
    });
    expect(asked).toMatchObject({ number: "culture-2026" });
    for (const name of ["status", "sort", "direction", "due_before", "view"] as const)
      expect(asked[name], name).toBeUndefined();
    expect(question({ status: "closed", due_before: "2026-12-01" })).toMatchObject({
      status: "closed",
      due_before: "2026-12-01",
    });
  });
  it("is the same text for the same filter", () => {
    expect(address({ stage: "filed", procedure: "complaint-intake" })).toBe("procedure=complaint-intake&stage=filed");
    expect(read("stage=filed&evil=1&procedure=x")).toEqual({ stage: "filed", procedure: "x" });
  });
  it("sorts what is due by the nearest first, and turns round", () => {
    expect(sortNext({}, "due")).toEqual({ sort: "due", direction: "ascending" });
    expect(sortNext({}, "changed")).toEqual({ sort: "changed", direction: "ascending" });
    expect(sortNext({ sort: "due", direction: "ascending" }, "due")).toEqual({ sort: "due", direction: "descending" });
  });
});

describe("saved filters", () => {
  it("survive whatever stands in the browser", () => {
    expect(savedOf(null)).toEqual([]);
    expect(savedOf("{")).toEqual([]);
    expect(savedOf('{"a":1}')).toEqual([]);
    expect(savedOf('[1, null, {"name": "甲"}, {"name": "乙", "query": "status=closed&x=1"}]')).toEqual([
      { name: "乙", query: "status=closed" },
    ]);
  });
  it("have one of each name, and are not without end", () => {
    let all = withSaved([], " 甲 ", { status: "closed" });
    all = withSaved(all, "甲", { status: "working" });
    expect(all).toEqual([{ name: "甲", query: "status=working" }]);
    for (let at = 0; at < MAX_SAVED + 5; at += 1) all = withSaved(all, `n${at}`, {});
    expect(all).toHaveLength(MAX_SAVED);
    expect(all.at(-1)?.name).toBe(`n${MAX_SAVED + 4}`);
  });
});
