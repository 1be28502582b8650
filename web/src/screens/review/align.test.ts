import { describe, expect, it } from "vitest";
import { align, byChars, byLines, type Row } from "./align";

const text = (rows: Row[], side: "left" | "right") =>
  rows
    .filter((row) => row[side])
    .map((row) => row[side]?.parts.map((part) => part.text).join(""))
    .join("\n");
const changed = (row: Row | undefined, side: "left" | "right") =>
  row?.[side]?.parts.filter((part) => part.isChanged).map((part) => part.text);

describe("texts side by side", () => {
  it("hold the whole of both, with what differs marked", () => {
    const left = "always begin\n  a <= b;\n  c <= d;\nend";
    const right = "always begin\n    a <= b;\n  c <= e;\n  f <= g;\nend";
    const { rows, isBounded } = align(left, right, 10, 20);
    expect(isBounded).toBe(false);
    expect(text(rows, "left")).toBe(left);
    expect(text(rows, "right")).toBe(right);
    expect(rows.map((row) => row.kind)).toEqual(["same", "same", "changed", "right", "same"]);
    expect(changed(rows[2], "left")).toEqual(["d"]);
    expect(rows[4]).toMatchObject({ left: { line: 13 }, right: { line: 24 } });
  });
  it("are compared sign by sign where words have no spaces", () => {
    const { rows } = align("老船工把缆绳解下来", "老渔工把缆绳解下来", 1, 1);
    expect(changed(rows[0], "left")).toEqual(["船"]);
    expect(changed(rows[0], "right")).toEqual(["渔"]);
  });
  it("end in time where nothing is common", () => {
    const noise = (seed: number) => Array.from({ length: 30_000 }, (_, at) => `${at * seed} x${seed}`).join("\n");
    const begun = Date.now();
    const { rows } = align(noise(3), noise(7), 1, 1);
    expect(Date.now() - begun).toBeLessThan(9_000);
    expect(text(rows, "left")).toBe(noise(3));
  });
});

describe("stretches", () => {
  it("count lines from 1 and leave the end out", () => {
    expect(byLines("a\nb\nc\nd", [2, 4])).toEqual({ text: "b\nc", line: 2 });
  });
  it("count scalar values, not units of UTF-16", () => {
    expect(byChars("a😀b\nc晨d", [2, 6])).toEqual({ text: "b\nc晨", line: 1 });
    expect(byChars("ab\n晨江", [3, 5])).toEqual({ text: "晨江", line: 2 });
    expect(byChars("ab", [5, 9])).toEqual({ text: "", line: 1 });
  });
});
