import { describe, expect, it } from "vitest";
import { cellsOf, cleanLine, cleanNumber, countOf, dayOf, isRight, kindOfNumber, linesOf, masked } from "./typed";

describe("numbers of papers", () => {
  it("are right or wrong by their check digit", () => {
    expect(isRight("resident_id", "11010519491231002X")).toBe(true);
    expect(isRight("resident_id", "１１０１０５ 19491231 ００２ｘ")).toBe(true);
    expect(isRight("resident_id", "110105194912310021")).toBe(false);
    expect(isRight("resident_id", "11010519491331002X")).toBe(false);
    expect(isRight("credit_code", "91440300708461136T")).toBe(true);
    expect(isRight("credit_code", "91440300708461136A")).toBe(false);
    expect(isRight("passport", "E12345678")).toBeUndefined();
  });
  it("tell their kind", () => {
    expect(kindOfNumber("11010519491231002x")).toBe("resident_id");
    expect(kindOfNumber("110105194912310021")).toBe("resident_id");
    expect(kindOfNumber("91440300708461136T")).toBe("credit_code");
    expect(kindOfNumber("E12345678")).toBe("passport");
    expect(kindOfNumber("沪ICP备05001-2")).toBe("other");
    expect(cleanNumber(" ９１44 0300t")).toBe("91440300T");
  });
  it("are masked but for their ends", () => {
    expect(masked("11010519491231002X")).toBe("110***********002X");
    expect(masked("13800138000")).toBe("138****8000");
    expect(masked("1234")).toBe("****");
  });
});

it("days are read as people write them", () => {
  expect(dayOf("2024年3月28日")).toBe("2024-03-28");
  expect(dayOf("２０２４／３／８")).toBe("2024-03-08");
  expect(dayOf("20240229")).toBe("2024-02-29");
  expect(dayOf("2023-02-29")).toBeUndefined();
  expect(dayOf("28.3.2024")).toBeUndefined();
});

it("counts are whole", () => {
  expect(countOf("１，０００")).toBe(1000);
  expect(countOf("0")).toBeUndefined();
  expect(countOf("1.5")).toBeUndefined();
  expect(countOf("10000000000")).toBeUndefined();
});

describe("pasted tables", () => {
  it("are cells between tabs, with quotes where Excel puts them", () => {
    expect(cellsOf('a\tb\r\n"x\ny"\t"say ""so"""\r\n\r\n')).toEqual([
      ["a", "b"],
      ["x\ny", 'say "so"'],
    ]);
  });
  it("keep a quote that is one of the text", () => {
    expect(cellsOf('19" 显示器\t1\n"甲"公司\t2')).toEqual([
      ['19" 显示器', "1"],
      ['"甲"公司', "2"],
    ]);
    expect(cellsOf('"未完\t1\n乙\t2')).toEqual([
      ['"未完', "1"],
      ["乙", "2"],
    ]);
  });
  it("lose what Word puts in and does not show", () => {
    expect(cleanLine("\uFEFF张\u200B三\u00A0\u0007 \u000B先生\uF0B7")).toBe("张三 先生");
    expect(cellsOf("<!--[if gte mso 9]><xml>x</xml><![endif]-->张三\t1")).toEqual([["张三", "1"]]);
    expect(linesOf(" a \u000Bb\n\n c")).toEqual(["a", "b", "c"]);
  });
  it("of ten thousand rows are read at once", () => {
    const text = Array.from({ length: 10_000 }, (_, at) => `当事人${at}\t"地址 ${at}"\t备注`).join("\n");
    const began = performance.now();
    expect(cellsOf(text)).toHaveLength(10_000);
    expect(performance.now() - began).toBeLessThan(1_500);
  });
});
