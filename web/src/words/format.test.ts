import { describe, expect, it } from "vitest";
import { day, fenOf, halfWidth, instant, money, size } from "./format";

describe("sums", () => {
  it("are shown in 万 and 亿 only where nothing is lost", () => {
    expect(money(7_200_000, "zh")).toBe("7.2 万元");
    expect(money(7_200_001, "zh")).toBe("72,000.01 元");
    expect(money(230_000_000, "zh")).toBe("230 万元");
    expect(money(12_345_678_900, "zh")).toBe("123,456,789.00 元");
    expect(money(10_000_000_000, "zh")).toBe("1 亿元");
    expect(money(0, "zh")).toBe("0.00 元");
    expect(money(7_200_001, "en")).toBe("¥72,000.01");
    expect(money(null, "zh")).toBe("");
  });
  it("are read as people type them", () => {
    expect(fenOf("７万")).toBe(7_000_000);
    expect(fenOf("1.2亿")).toBe(12_000_000_000);
    expect(fenOf("70,000.50")).toBe(7_000_050);
    expect(fenOf("¥ 70000元")).toBe(7_000_000);
    expect(fenOf("0.001")).toBeUndefined();
    expect(fenOf("about 7")).toBeUndefined();
    expect(fenOf("-1")).toBeUndefined();
    expect(fenOf("")).toBeUndefined();
  });
});

describe("days", () => {
  it("are those of Shanghai", () => {
    expect(day("2024-04-08", "zh")).toBe("2024/4/8");
    expect(day("2024-04-07T20:00:00Z", "en")).toBe("8 Apr 2024");
    expect(instant("2024-04-07T20:00:00Z", "zh")).toBe("2024/4/8 04:00");
    expect(day("nonsense", "zh")).toBe("nonsense");
    expect(day(null, "zh")).toBe("");
  });
});

it("full width becomes half width", () => {
  expect(halfWidth("２０２４－０４－０８　ＡＢ")).toBe("2024-04-08 AB");
});

it("sizes are counted by 1024", () => {
  expect(size(1536)).toBe("1.5 KiB");
  expect(size(12)).toBe("12 B");
});
