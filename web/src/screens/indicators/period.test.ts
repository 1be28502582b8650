import { describe, expect, it } from "vitest";
import { asked, formerOf, months, periodOf, preset, presetOf } from "./period";

describe("periods", () => {
  it("are of whole days, first and last included", () => {
    expect(preset("twelve_months", "2026-11-24")).toEqual({ from: "2025-11-25", to: "2026-11-24" });
    expect(preset("quarter", "2026-11-24")).toEqual({ from: "2026-10-01", to: "2026-11-24" });
    expect(preset("last_month", "2026-03-31")).toEqual({ from: "2026-02-01", to: "2026-02-28" });
    expect(presetOf({ from: "2026-01-01", to: "2026-11-24" }, "2026-11-24")).toBe("year");
    expect(presetOf({}, "2026-11-24")).toBe("all");
  });
  it("of an address that makes no sense are the usual one", () => {
    expect(periodOf({ from: "x", to: "2026-01-01" }, "2026-11-24")).toEqual(preset("twelve_months", "2026-11-24"));
    expect(periodOf({ from: "2026-02-01", to: "2026-01-01" }, "2026-11-24").from).toBe("2025-11-25");
    expect(periodOf({ all: "1" }, "2026-11-24")).toEqual({});
    expect(periodOf({ from: "2024-01-01", to: "2024-12-31" }, "2026-11-24")).toEqual({
      from: "2024-01-01",
      to: "2024-12-31",
    });
  });
  it("have one before of the same length", () => {
    expect(formerOf({ from: "2024-01-01", to: "2024-12-31" })).toEqual({ from: "2023-01-01", to: "2023-12-31" });
    expect(formerOf({ from: "2024-03-01", to: "2024-03-31" })).toEqual({ from: "2024-02-01", to: "2024-02-29" });
    expect(formerOf({ from: "2024-03-05", to: "2024-03-06" })).toEqual({ from: "2024-03-03", to: "2024-03-04" });
    expect(formerOf({})).toBeUndefined();
  });
  it("are asked for as each indicator takes them", () => {
    const period = { from: "2024-01-01", to: "2024-12-31" };
    expect(asked("ended", period)).toEqual({ from: "2024-01-01", until: "2025-01-01" });
    expect(asked("standing", period)).toEqual({ until: "2025-01-01" });
    expect(asked("overdue", period)).toEqual({});
    expect(asked("began", {})).toEqual({ from: undefined, until: undefined });
  });
  it("have every month, also an empty one", () => {
    expect(months({ from: "2024-11-05", to: "2025-02-01" }, ["2024-12"])).toEqual([
      "2024-11",
      "2024-12",
      "2025-01",
      "2025-02",
    ]);
    expect(months({}, ["2024-04", "2024-06"])).toEqual(["2024-04", "2024-05", "2024-06"]);
    expect(months({}, [])).toEqual([]);
  });
});
