// SM3 (GB/T 32905-2016) in pieces: no browser has it.
import { Blocks } from "./sha256";

const turn = (x: number, n: number) => (x << n) | (x >>> (32 - n));
const p1 = (x: number) => x ^ turn(x, 15) ^ turn(x, 23);
/** The constant of each round, turned by the number of the round. */
const T = Int32Array.from({ length: 64 }, (_, j) => {
  const t = j < 16 ? 0x79cc4519 : 0x7a879d8a;
  return j % 32 === 0 ? t : turn(t, j % 32);
});

export class Sm3 extends Blocks {
  private readonly state = Int32Array.of(
    ...[0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e],
  );
  private readonly w = new Int32Array(68);

  protected words(): Iterable<number> {
    return this.state;
  }

  protected compress(bytes: Uint8Array, from: number): void {
    const { w, state } = this;
    for (let j = 0, at = from; j < 16; j += 1, at += 4) {
      w[j] =
        ((bytes[at] as number) << 24) |
        ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number);
    }
    for (let j = 16; j < 68; j += 1) {
      w[j] =
        p1((w[j - 16] as number) ^ (w[j - 9] as number) ^ turn(w[j - 3] as number, 15)) ^
        turn(w[j - 13] as number, 7) ^
        (w[j - 6] as number);
    }
    let a = state[0] as number;
    let b = state[1] as number;
    let c = state[2] as number;
    let d = state[3] as number;
    let e = state[4] as number;
    let f = state[5] as number;
    let g = state[6] as number;
    let h = state[7] as number;
    for (let j = 0; j < 64; j += 1) {
      const a12 = turn(a, 12);
      const ss1 = turn((a12 + e + (T[j] as number)) | 0, 7);
      const ff = j < 16 ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
      const gg = j < 16 ? e ^ f ^ g : (e & f) | (~e & g);
      const tt1 = (ff + d + (ss1 ^ a12) + ((w[j] as number) ^ (w[j + 4] as number))) | 0;
      const tt2 = (gg + h + ss1 + (w[j] as number)) | 0;
      d = c;
      c = turn(b, 9);
      b = a;
      a = tt1;
      h = g;
      g = turn(f, 19);
      f = e;
      e = tt2 ^ turn(tt2, 9) ^ turn(tt2, 17);
    }
    state[0] = (state[0] as number) ^ a;
    state[1] = (state[1] as number) ^ b;
    state[2] = (state[2] as number) ^ c;
    state[3] = (state[3] as number) ^ d;
    state[4] = (state[4] as number) ^ e;
    state[5] = (state[5] as number) ^ f;
    state[6] = (state[6] as number) ^ g;
    state[7] = (state[7] as number) ^ h;
  }
}
