import { describe, expect, it } from "vitest";
import { isPlain, textOf, typeOf } from "./kinds";

const bytes = (text: string) => Uint8Array.from(text, (sign) => sign.charCodeAt(0));

describe("what is uploaded", () => {
  it("is told by its bytes and shown only where its kind is in the list", () => {
    expect(typeOf(bytes("\x89PNG\r\n\x1a\n"), "image")).toBe("image/png");
    expect(typeOf(bytes("RIFF\0\0\0\0WEBPVP8 "), "image")).toBe("image/webp");
    expect(typeOf(bytes("RIFF\0\0\0\0WAVEfmt "), "audio")).toBe("audio/wav");
    expect(typeOf(bytes("\0\0\0\x20ftypM4A "), "audio")).toBe("audio/mp4");
    expect(typeOf(bytes("\xff\xfb\x90d"), "audio")).toBe("audio/mpeg");
    expect(typeOf(bytes("<svg xmlns="), "image")).toBeUndefined();
    expect(typeOf(bytes("\x89PNG\r\n\x1a\n"), "audio")).toBeUndefined();
    expect(typeOf(bytes("<html>"), "video")).toBeUndefined();
  });
  it("is read in the usual encodings", () => {
    expect(textOf(new TextEncoder().encode("\ufeff晨江"))).toBe("晨江");
    expect(textOf(Uint8Array.of(0xb3, 0xbf, 0xbd, 0xad))).toBe("晨江");
    expect(textOf(Uint8Array.of(0xff, 0xfe, 0x68, 0x66))).toBe("晨");
  });
  it("is aligned only where places count its own characters", () => {
    const plain = (text: string) => isPlain(new TextEncoder().encode(text));
    expect(plain("晨江\n\n天还没有亮透")).toBe(true);
    expect(plain("<!DOCTYPE html><p>x")).toBe(false);
    expect(plain("1\n00:00:01,000 --> 00:00:02,000\nx")).toBe(false);
    expect(plain("%PDF-1.7")).toBe(false);
  });
});
