import { describe, expect, it, vi } from "vitest";

vi.hoisted(() => vi.stubGlobal("window", { location: { origin: "http://here", search: "" } }));

import { headIn, rowsOf, shapeOf, textOf, visible } from "./content";

const bytes = (text: string) => Uint8Array.from(text, (sign) => sign.charCodeAt(0));
const utf8 = (text: string) => new TextEncoder().encode(text);

it("takes name and size of a file from the head of its first byte", () => {
  const told = new Headers({
    "content-range": "bytes 0-0/1234",
    "content-length": "1",
    "content-disposition": "attachment; filename*=UTF-8''%E9%80%9A%E7%9F%A5.pdf",
  });
  expect(headIn(told, "01a2")).toEqual({ name: "通知.pdf", size_bytes: 1234 });
  const broken = new Headers({ "content-disposition": "attachment; filename*=UTF-8''%E9%", "content-length": "7" });
  expect(headIn(broken, "01a2")).toEqual({ name: "01a2", size_bytes: 7 });
});

describe("a preview", () => {
  it("is by content and not by name", () => {
    const shape = (name: string, content: string) => shapeOf(name, bytes(content));
    expect(shape("a.txt", "\x89PNG\r\n\x1a\n")).toEqual({ shape: "image", type: "image/png" });
    expect(shape("a.png", "<svg xmlns='x' onload='y'>").shape).toBe("text");
    expect(shape("a.html", "<script>alert(1)</script>").shape).toBe("text");
    expect(shape("a.mp3", "ID3").type).toBe("audio/mpeg");
    expect(shape("a.m4a", "\0\0\0 ftypM4A ").type).toBe("audio/mp4");
    expect(shape("a.mp4", "\0\0\0 ftypisom").type).toBe("video/mp4");
    expect(shape("a.opus", "OggS").type).toBe("audio/ogg");
    expect(shape("a.jpg", "PK\x03\x04\0\0").shape).toBe("none");
    expect(shape("a.csv", "a,b").shape).toBe("table");
  });

  it("reads text as it was written, also where a part ends within a sign", () => {
    expect(textOf(utf8("晨江曲"))).toBe("晨江曲");
    expect(textOf(utf8("晨江曲").subarray(0, 8))).toBe("晨江");
    expect(textOf(Uint8Array.of(0xb3, 0xbf, 0xbd, 0xad))).toBe("晨江");
    expect(textOf(Uint8Array.of(0xff, 0xfe, 0x68, 0x66))).toBeDefined();
    expect(textOf(Uint8Array.of(1, 0, 2))).toBeUndefined();
  });

  it("shows tables as they are, bounded", () => {
    expect(rowsOf('名,数\r\n"甲,""乙""",1\n\n丙,2', ",", 10, 10)).toEqual([
      ["名", "数"],
      ['甲,"乙"', "1"],
      ["丙", "2"],
    ]);
    expect(rowsOf("a,b,c\nd\ne", ",", 2, 2)).toEqual([["a", "b"], ["d"]]);
  });

  it("hides nothing", () => {
    expect(visible("a\u202egpj.exe\u0007\n")).toBe("a[U+202E]gpj.exe[U+0007]\n");
  });
});
