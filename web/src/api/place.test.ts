// Files of a filing go by its own routes, those of a matter by the matter's.
import { expect, it } from "vitest";
import { filed, filingOf, pathOf } from "./place";

it("tells a filing from a matter", () => {
  expect(pathOf("01a2")).toBe("matters/01a2");
  expect(pathOf(filed("01a2"))).toBe("filings/01a2");
  expect(filingOf("01a2")).toBeUndefined();
  expect(filingOf(filed("01a2"))).toBe("01a2");
});
