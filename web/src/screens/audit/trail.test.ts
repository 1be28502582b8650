import { expect, it } from "vitest";
import { added, NOTHING, trailPath, wholeCopy } from "./trail";

it("asks for the newest first, and for nothing that is no instant", () => {
  const asked = new URLSearchParams(
    trailPath({ actor: " ｃｕｌｔｕｒｅ／ｌｉ ", from: "yesterday", direction: "up" }, "7_x").split("?")[1],
  );
  expect(Object.fromEntries(asked)).toEqual({
    limit: "200",
    direction: "descending",
    actor: "culture/li",
    after: "7_x",
  });
  expect(trailPath({ from: "2026-11-24T00:00:00+08:00", direction: "ascending" })).toBe(
    "/api/v1/audit?limit=200&direction=ascending&from=2026-11-23T16%3A00%3A00.000Z",
  );
});

it("findings of all parts are told, or counted", () => {
  const one = { ...NOTHING, lines: 3, findings: Array.from({ length: 300 }, () => ({ what: "line_removed" })) };
  const both = added(added(NOTHING, one), one);
  expect([both.lines, both.findings.length, both.more_findings]).toEqual([6, 500, 100]);
});

it("a copy that broke off is told from a whole one", () => {
  expect(wholeCopy('{"a":1}\n{"a":2}\n{"end":true,"lines":2}\n')).toBe(2);
  expect(wholeCopy('{"end":true,"lines":0}\n')).toBe(0);
  expect(wholeCopy('{"a":1}\n{"a":2}\n')).toBeUndefined();
  expect(wholeCopy('{"a":1}\n{"end":true,"lines":2}\n')).toBeUndefined();
  expect(wholeCopy('{"a":1}\n{"en')).toBeUndefined();
  expect(wholeCopy("")).toBeUndefined();
});
