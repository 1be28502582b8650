import { describe, expect, it } from "vitest";
import { across, type Span, segmentAt, spansOf } from "./transport";

const [fast, later] = spansOf({
  segments: [
    { suspect: [1_000, 11_000], work: [5_000, 15_300], unit: "ms" },
    { suspect: [20_000, 30_000], work: [0, 10_300], unit: "ms" },
  ],
}) as [Span, Span];

describe("two players", () => {
  it("keep step through the scale of time", () => {
    expect(fast.rate).toBeCloseTo(1.03);
    expect(across(fast, "suspect", 6_000)).toBeCloseTo(10_150);
    expect(across(fast, "work", 15_300)).toBeCloseTo(11_000);
  });
  it("go by the speed that the comparison solved, in their middles", () => {
    const [solved] = spansOf({
      segments: [{ suspect: [0, 6_800], work: [5_000, 11_850], unit: "ms" }],
      transform: { time_scale: 1.03 },
    }) as [Span];
    expect(solved.rate).toBe(1.03);
    expect(across(solved, "suspect", 3_400)).toBe(8_425);
    expect(across(solved, "suspect", 4_400)).toBe(9_455);
  });
  it("are not driven by what is no speed", () => {
    const rates = [0, -3, Number.NaN, 99].map(
      (time_scale) =>
        spansOf({ segments: [{ suspect: [5, 5], work: [0, 9], unit: "ms" }], transform: { time_scale } })[0]?.rate,
    );
    expect(rates).toEqual([1, 1, 1, 4]);
  });
  it("go by the segment that holds a place, or the nearest", () => {
    expect(segmentAt([fast, later], "suspect", 5_000)).toBe(0);
    expect(segmentAt([fast, later], "suspect", 18_000)).toBe(1);
    expect(segmentAt([fast, later], "work", 2_000)).toBe(1);
  });
});
