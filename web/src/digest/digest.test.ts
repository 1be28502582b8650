import { createHash, getHashes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Sha256 } from "./sha256";
import { Sm3 } from "./sm3";
import { digest } from "./worker";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("digests", () => {
  it("are those of the standards", () => {
    expect(new Sha256().update(bytes("abc")).hex()).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    // GB/T 32905-2016, appendix A.
    expect(new Sm3().update(bytes("abc")).hex()).toBe(
      "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
    );
    expect(new Sm3().update(bytes("abcd".repeat(16))).hex()).toBe(
      "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732",
    );
  });

  it("are those of another program for every length around a block, in whatever pieces", () => {
    const all = Uint8Array.from({ length: 300 }, (_, at) => (at * 37) % 251);
    for (let length = 0; length < all.length; length += 1) {
      const part = all.subarray(0, length);
      const wanted = createHash("sha256").update(part).digest("hex");
      const cut = (length * 7) % (length + 1);
      expect(new Sha256().update(part.subarray(0, cut)).update(part.subarray(cut)).hex()).toBe(wanted);
      if (getHashes().includes("sm3")) {
        const sm3 = createHash("sm3").update(part).digest("hex");
        expect(new Sm3().update(part.subarray(0, cut)).update(part.subarray(cut)).hex()).toBe(sm3);
      }
    }
  });

  it("read a file in pieces and tell how far they are", async () => {
    const file = new Blob([new Uint8Array(9 << 20).fill(7)]);
    const told: number[] = [];
    const found = await digest({ file, sm3: false }, (done) => told.push(done));
    expect(found.sha256).toBe(
      createHash("sha256")
        .update(new Uint8Array(9 << 20).fill(7))
        .digest("hex"),
    );
    expect(told).toEqual([4 << 20, 8 << 20, 9 << 20]);
  });
});
