import { strFromU8, unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { columnName, csv, sheetName, xlsx } from "./sheet";

describe("CSV", () => {
  it("never holds a formula, and numbers stay numbers", () => {
    const text = csv({
      head: ["甲", "乙"],
      rows: [
        ["=HYPERLINK(1)", -5],
        ["＝1+1", "+86"],
        ["@x", "\tx"],
        ["a-b", 1.5],
      ],
    });
    expect(text).toBe("\ufeff甲,乙\r\n'=HYPERLINK(1),-5\r\n'＝1+1,'+86\r\n'@x,'\tx\r\na-b,1.5\r\n");
  });
  it("quotes what has to be quoted", () => {
    expect(csv({ head: ["a"], rows: [['x"y'], ["1,2"], ["line\nline"], [null], [undefined]] })).toBe(
      '\ufeffa\r\n"x""y"\r\n"1,2"\r\n"line\nline"\r\n\r\n\r\n',
    );
    expect(csv({ head: ["a"], rows: [["=1,2"], [Number.NaN]] })).toBe('\ufeffa\r\n"\'=1,2"\r\n\r\n');
  });
});

describe("XLSX", () => {
  const open = async (rows: (string | number | null)[][]) => {
    const files = unzipSync(await xlsx({ name: "办件[1]/2", head: ["编号"], rows, about: [["筛选", "无"]] }));
    return Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, strFromU8(bytes)]));
  };
  it("holds texts as texts and escapes them", async () => {
    const files = await open([["=1+1"], ['<b>&"x\u0001\ud800'], [42], [null]]);
    const sheet = files["xl/worksheets/sheet1.xml"] ?? "";
    expect(sheet).toContain('<c r="A2" t="inlineStr"><is><t xml:space="preserve">=1+1</t></is></c>');
    expect(sheet).toContain("&lt;b&gt;&amp;&quot;x\ufffd</t>");
    expect(sheet).toContain('<c r="A4"><v>42</v></c>');
    expect(sheet).not.toContain("<f>");
    expect(files["xl/workbook.xml"]).toContain('name="办件 1  2"');
    expect(files["xl/worksheets/sheet2.xml"]).toContain("筛选");
  });
  it("names columns as spreadsheets do", () => {
    expect([0, 25, 26, 51, 52, 701, 702].map(columnName)).toEqual(["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    expect(sheetName("'[]:*?/\\")).toBe("1");
  });
});
