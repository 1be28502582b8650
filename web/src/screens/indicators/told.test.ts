import { describe, expect, it } from "vitest";
import { cellOf, change, figurePath } from "./told";

describe("figures", () => {
  it("are compared where both are known", () => {
    expect(change(12, 10)).toEqual({ direction: "up", by: 2, ratio: 0.2 });
    expect(change(0, 10)).toEqual({ direction: "down", by: 10, ratio: 1 });
    expect(change(3, 0)).toEqual({ direction: "up", by: 3, ratio: undefined });
    expect(change(3, 3)?.direction).toBe("same");
    expect(change(null, 3)).toBeUndefined();
    expect(change(3, null)).toBeUndefined();
    expect(change("99999999999999999999", 3)).toBeUndefined();
  });
  it("are asked for by address", () => {
    const period = { from: "2024-01-01", to: "2024-12-31" };
    expect(figurePath({ id: "transfers", period: "began" }, period, { by: "month" })).toBe(
      "/api/v1/indicators/transfers?from=2024-01-01&until=2025-01-01&by=month",
    );
    expect(figurePath({ id: "clocks-overdue", period: "overdue" }, period, {}, "/matters")).toBe(
      "/api/v1/indicators/clocks-overdue/matters",
    );
  });
  it("are yuan in files", () => {
    expect(cellOf(7_200_050, "fen")).toBe(72_000.5);
    expect(cellOf(null, "fen")).toBeNull();
    expect(cellOf("123", "fen")).toBe("123");
    expect(cellOf(0.5, "share")).toBe(0.5);
  });
});
