import { describe, expect, it, vi } from "vitest";

vi.hoisted(() => vi.stubGlobal("window", { location: { origin: "http://here", search: "" } }));

import { eventsOf, Pace } from "./job-events";

async function read(...pieces: string[]): Promise<string[]> {
  const bytes = new TextEncoder().encode(pieces.join("\u0000"));
  const parts: Uint8Array[] = [];
  for (let at = 0, from = 0; at <= bytes.length; at += 1) {
    if (at === bytes.length || bytes[at] === 0) {
      parts.push(bytes.slice(from, at));
      from = at + 1;
    }
  }
  const found: string[] = [];
  const body = new ReadableStream<Uint8Array>({
    start(out) {
      for (const part of parts) out.enqueue(part);
      out.close();
    },
  });
  for await (const data of eventsOf(body)) found.push(data);
  return found;
}

describe("events", () => {
  it("are read however the line cuts them", async () => {
    expect(await read('event: job\ndata: {"a"', ":1}\n", "\n:\n\nda", "ta: b\r\n\r\n")).toEqual(['{"a":1}', "b"]);
  });
  it("that never end are not kept", async () => {
    await expect(read("data: ", "x".repeat(2 << 20))).rejects.toThrow();
  });
});

describe("the pace of a job", () => {
  it("is told once there is something to tell", () => {
    const pace = new Pace();
    expect(pace.at(0, 0, 100)).toEqual({ rate: undefined, left_s: undefined });
    expect(pace.at(500, 10, 100).rate).toBeUndefined();
    expect(pace.at(2_000, 20, 100)).toEqual({ rate: 10, left_s: 8 });
    // Another count begins anew instead of mixing two kinds of steps.
    expect(pace.at(3_000, 0, 5)).toEqual({ rate: undefined, left_s: undefined });
    expect(pace.at(5_000, 4, 5)).toEqual({ rate: 2, left_s: 0.5 });
  });
});
