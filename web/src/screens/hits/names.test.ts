import { expect, it } from "vitest";
import { asked, namesOf } from "./names";

it("what is pasted from Word or a table becomes names", () => {
  expect(namesOf("甲\r\n\r\n 乙\u00a0\u200b\n甲\n丙\t丁\u2028戊\ufeff")).toEqual(["甲", "乙", "丙", "丁", "戊"]);
  expect(namesOf("\n \t")).toEqual([]);
});

it("ten thousand pasted rows are counted, not sent", () => {
  const many = Array.from({ length: 10_000 }, (_, at) => `https://example.cn/${at}`).join("\n");
  const found = asked({ rights: "国作登字－２０２４", links: many, accounts: "", platform_ids: "x".repeat(501) });
  expect(found.count).toBe(10_002);
  expect(found.named.rights).toEqual(["国作登字-2024"]);
  expect(found.tooLong).toHaveLength(1);
});
