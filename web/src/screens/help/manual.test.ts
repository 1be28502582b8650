import { describe, expect, it } from "vitest";
import { find, GROUPS, sectionFor, wordsOf } from "./manual";
import en from "./manual.en";
import zh from "./manual.zh";

describe("the manual", () => {
  it("has the same sections with the same parts in both languages", () => {
    expect(zh.map((one) => [one.id, one.group])).toEqual(en.map((one) => [one.id, one.group]));
    for (const [at, section] of zh.entries()) {
      const other = en[at];
      const shape = (block: (typeof section.text)[number]) =>
        typeof block === "string"
          ? "text"
          : `${Object.keys(block).join()} ${"steps" in block ? block.steps.length : "list" in block ? block.list.length : "go" in block ? block.go : ""}`;
      expect(section.text.map(shape), section.id).toEqual(other?.text.map(shape));
    }
    expect(zh.every((one) => GROUPS.includes(one.group))).toBe(true);
    expect(zh.flatMap((one) => one.text).every((block) => wordsOf(block).trim() !== "")).toBe(true);
  });
  it("has a section for every page", () => {
    const ids = zh.map((one) => one.id);
    for (const path of [
      ..."/ /intake /matters /matters/x /transfer /hits /verify /law /procedures /indicators /indicators/x".split(" "),
      ..."/accounts /agencies /webhooks /audit /account /help /search /notices".split(" "),
      ..."parties evidence goods matches review law papers tasks sharing log summary"
        .split(" ")
        .map((tab) => `/matters/x/${tab}`),
    ])
      expect(ids, path).toContain(sectionFor(path));
  });
  it("is searched by all words, titles first", () => {
    expect(find(zh, "保管链")[0]?.section.id).toBe("goods");
    expect(find(en, "custody GOODS")[0]?.section.id).toBe("goods");
    expect(find(zh, "时限")[0]?.section.id).toBe("clocks");
    expect(find(zh, "时限 没有这个词")).toEqual([]);
    expect(find(zh, "  ")).toEqual([]);
  });
});
