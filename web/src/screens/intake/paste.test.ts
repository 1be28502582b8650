import { describe, expect, it } from "vitest";
import { accountOf, cleaned, linkOf, MAX_LINES, places, rightsOf, withoutBad } from "./paste";

describe("a pasted line", () => {
  it("is rid of what Word and chats put around it", () => {
    expect(cleaned("\ufeff •\u00a0“https://a.example/1”，")).toBe("https://a.example/1");
    expect(cleaned("（12）https://a.example/1。")).toBe("https://a.example/1");
    expect(cleaned("3、音乐平台：夜听\u200b电台；")).toBe("音乐平台：夜听电台");
  });
  it("is a link where there is one, whatever stands around", () => {
    for (const [line, link] of [
      ["https://a.example/v?id=1&t=2", "https://a.example/v?id=1&t=2"],
      ["ｈｔｔｐｓ：／／ａ．example／１", "https://a.example/1"],
      ["【夜听】转载 https://a.example/歌/1，请处理", "https://a.example/歌/1"],
      ["www.a.example/x", "https://www.a.example/x"],
      ["a.example", "https://a.example"],
    ] as const)
      expect(linkOf(cleaned(line)), line).toBe(link);
    for (const line of [
      "javascript:alert(1)",
      "夜听电台",
      "http://",
      "ftp://a.example",
      "https://u:p@a.example",
      "1.2.3",
    ])
      expect(linkOf(cleaned(line)), line).toBeUndefined();
  });
  it("is an account where a platform stands before it", () => {
    expect(accountOf("音乐平台：夜听电台")).toBe("音乐平台: 夜听电台");
    expect(accountOf("夜听电台")).toBeUndefined();
    expect(accountOf("https://a")).toBeUndefined();
  });
});

describe("a paste", () => {
  it("tells places, repetitions and bad lines apart and loses none", () => {
    const found = places("https://a.example/1\r\n\r\nhttps://a.example/1\n音乐平台: 甲\n不是链接\u2028b.example/2");
    expect(found).toEqual({
      links: ["https://a.example/1", "https://b.example/2"],
      accounts: ["音乐平台: 甲"],
      bad: [{ line: 5, text: "不是链接" }],
      repeated: 1,
      beyond: 0,
    });
    expect(places(withoutBad("x y\nhttps://a.example\nz")).bad).toEqual([]);
  });
  it("of ten thousand rows and more is bounded and fast", () => {
    const rows = Array.from({ length: MAX_LINES + 5 }, (_, at) => `https://a.example/${at % 9_000}`);
    rows[7] = "坏行";
    const began = performance.now();
    const found = places(rows.join("\n"));
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(found.links.length).toBe(9_000);
    expect(found.bad.map((one) => one.line)).toEqual([8]);
    expect(found.beyond).toBe(5);
    expect(found.links.length + found.bad.length + found.repeated).toBe(MAX_LINES);
  });
  it("of one endless line is a bad line", () => {
    expect(places(`https://a.example/${"x".repeat(1 << 20)}`).bad.length).toBe(1);
  });
});

it("rights are parted by lines and commas", () => {
  expect(rightsOf("国作登字-2024-F-1，国作登字－2024－F－2\n\n 国作登字-2024-F-1")).toEqual([
    "国作登字-2024-F-1",
    "国作登字-2024-F-2",
  ]);
});
