// The sender against a server that behaves as ours does, and as networks do.
import { beforeEach, describe, expect, it, vi } from "vitest";

vi.hoisted(() => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  vi.stubGlobal("window", {
    location: { origin: "http://here", search: "" },
    sessionStorage: storage,
    dispatchEvent: () => true,
    localStorage: storage,
  });
});

import { createHash } from "node:crypto";
import { kindOf, sorted } from "./chosen";
import { type UploadItem, Uploads } from "./upload";
import { UploadLedger } from "./upload-ledger";
import { type World, world } from "./upload-world";

const FINE = undefined;
const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** What our server does with uploads (crates/quanlian-server/src/api/matters/uploads.rs). */
class Server {
  uploads = new Map<string, { bytes: Uint8Array; size: number; sha256?: string; file?: string }>();
  files = new Map<string, Uint8Array>();
  calls: string[] = [];
  /** What happens to the next requests instead: a status, `lost` (nothing came), `unanswered` (it came, the answer did not), `half`. */
  trouble: (typeof FINE | "lost" | "unanswered" | "half" | number)[] = [];
  retryAfter: string | undefined;

  problem(status: number, code: string, more = {}) {
    const headers: Record<string, string> = this.retryAfter ? { "retry-after": this.retryAfter } : {};
    return new Response(JSON.stringify({ code, status, detail: code, ...more }), { status, headers });
  }

  async answer(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname;
    this.calls.push(`${request.method} ${path.split("/").at(-1)} ${request.headers.get("upload-offset") ?? ""}`.trim());
    const trouble = request.method === "GET" ? FINE : this.trouble.shift();
    if (trouble === "lost") throw new TypeError("failed to fetch");
    if (typeof trouble === "number") {
      const codes: Record<number, string> = { 507: "disk_full", 429: "rate_limited", 423: "upload_taken" };
      return this.problem(trouble, codes[trouble] ?? "other");
    }
    if (request.method === "POST") {
      const body = await request.json();
      const id = `u${this.uploads.size + 1}`;
      this.uploads.set(id, { bytes: new Uint8Array(), size: body.size_bytes, sha256: body.sha256 });
      const view = { id, ...body, matter: "m", offset: 0, until: "2999-01-01T00:00:00Z", file: null };
      return new Response(JSON.stringify(view), { status: 201 });
    }
    const id = path.split("/").at(-1) ?? "";
    const upload = this.uploads.get(id);
    if (!upload) return this.problem(404, "upload_not_found");
    if (request.method === "GET")
      return new Response(JSON.stringify({ id, offset: upload.bytes.length, file: upload.file ?? null }));
    if (request.method === "DELETE") {
      this.uploads.delete(id);
      return new Response(null, { status: 204 });
    }
    const told = Number(request.headers.get("upload-offset"));
    if (told !== upload.bytes.length) return this.problem(409, "offset_wrong", { offset: upload.bytes.length });
    let came = new Uint8Array(await request.arrayBuffer());
    if (trouble === "half") came = came.slice(0, came.length >> 1);
    upload.bytes = new Uint8Array([...upload.bytes, ...came]);
    if (trouble === "half") return this.problem(400, "piece_broken_off");
    const after: Record<string, string> = { "upload-offset": `${upload.bytes.length}` };
    if (upload.bytes.length === upload.size) {
      if (upload.sha256 && sha(upload.bytes) !== upload.sha256) {
        this.uploads.delete(id);
        return this.problem(422, "upload_digest");
      }
      upload.file = `file-of-${id}`;
      this.files.set(upload.file, upload.bytes);
      after["location"] = `/api/v1/matters/m/files/${upload.file}`;
    }
    if (trouble === "unanswered") throw new TypeError("failed to fetch");
    return new Response(null, { status: 204, headers: after });
  }
}

let server: Server;
let waits: number[];
let ledger: UploadLedger;
let kept: Map<string, string>;
let person: string;

function sender(change: Partial<World> = {}): Uploads {
  return new Uploads(
    {
      ...world,
      digest: async (file) => sha(new Uint8Array(await file.arrayBuffer())),
      wait: async (ms) => void waits.push(ms),
      now: () => 0,
      ...change,
    },
    ledger,
  );
}

beforeEach(() => {
  server = new Server();
  waits = [];
  kept = new Map();
  person = "li";
  const keep = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  ledger = new UploadLedger(
    () => keep,
    () => person,
  );
  vi.stubGlobal("fetch", (request: Request) => server.answer(request));
});

const content = (length: number) => Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 9)) % 256);
const fileOf = (bytes: Uint8Array, name = "曲.wav") => new File([bytes as BlobPart], name, { lastModified: 1 });
const SIZE = (1 << 20) + (1 << 19);

async function until(uploads: Uploads, key: string, ...states: UploadItem["state"][]): Promise<UploadItem> {
  for (let tries = 0; tries < 2_000; tries += 1) {
    const item = uploads.all().find((one) => one.key === key);
    if (item && states.includes(item.state)) return item;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error(`never ${states}: ${JSON.stringify(uploads.all())}`);
}

async function sendsWhole(uploads: Uploads, bytes = content(SIZE)): Promise<UploadItem> {
  const [key] = uploads.add("m", [{ file: fileOf(bytes), kind: "suspect" }]);
  const item = await until(uploads, key as string, "done", "failed");
  expect(item).toMatchObject({ state: "done", offset: bytes.length });
  expect(sha(server.files.get(item.file ?? "") ?? new Uint8Array())).toBe(sha(bytes));
  expect(ledger.all()).toEqual([]);
  return item;
}

describe("an upload", () => {
  it("goes in pieces and becomes the file that it was", async () => {
    await sendsWhole(sender());
    expect(server.calls).toEqual(["POST uploads", "PATCH u1 0", "PATCH u1 1048576"]);
  });

  it("asks how far it came after the line was lost, and goes on there", async () => {
    server.trouble = [FINE, "lost", "lost"];
    await sendsWhole(sender());
    expect(server.calls.filter((call) => call.startsWith("GET")).length).toBe(2);
    expect(waits.length).toBe(2);
  });

  it("finds what arrived although its answer did not, and sends nothing twice", async () => {
    server.trouble = [FINE, "unanswered", "unanswered"];
    await sendsWhole(sender());
    const sent = server.calls.filter((call) => call.startsWith("PATCH"));
    expect(new Set(sent).size).toBe(sent.length);
  });

  it("goes on from the half of a piece that broke", async () => {
    server.trouble = [FINE, "half", "half"];
    await sendsWhole(sender());
    expect(server.calls).toContain("PATCH u1 524288");
  });

  it("believes the server about the offset", async () => {
    const uploads = sender({
      look: async (id) => world.look(id),
      piece: async (id, offset, bytes, signal) => {
        // Another tab sent the first bytes meanwhile.
        const there = server.uploads.get(id);
        if (there && there.bytes.length === 0) there.bytes = content(SIZE).slice(0, 1000);
        return world.piece(id, offset, bytes, signal);
      },
    });
    await sendsWhole(uploads);
    expect(server.calls).toContain("PATCH u1 1000");
  });

  it("waits as long as it is told, and tries again after a failing server", async () => {
    server.retryAfter = "7";
    server.trouble = [FINE, 429, 423, 503];
    await sendsWhole(sender());
    expect(waits).toEqual([7000, 7000, 7000]);
  });

  it("stops at a full disk, keeps its place, and goes on when somebody says so", async () => {
    server.trouble = [FINE, FINE, 507];
    const uploads = sender();
    const bytes = content(SIZE);
    const [key] = uploads.add("m", [{ file: fileOf(bytes), kind: "suspect" }]);
    const item = await until(uploads, key as string, "failed");
    expect(item.error).toMatchObject({ status: 507, code: "disk_full" });
    expect(ledger.all().map((one) => one.id)).toEqual(["u1"]);
    uploads.resume(key as string);
    await until(uploads, key as string, "done");
    expect(server.calls.at(-1)).toBe("PATCH u1 1048576");
  });

  it("gives up on a server that answers and never takes a byte", async () => {
    server.trouble = [FINE, ...Array<number>(50).fill(500)];
    const uploads = sender();
    const [key] = uploads.add("m", [{ file: fileOf(content(10)), kind: "work" }]);
    expect((await until(uploads, key as string, "failed", "done")).state).toBe("failed");
    expect(server.calls.length).toBeLessThan(30);
  });

  it("is begun anew when the server has forgotten it", async () => {
    const uploads = sender();
    server.trouble = [FINE, FINE, 507];
    const [key] = uploads.add("m", [{ file: fileOf(content(SIZE)), kind: "work" }]);
    await until(uploads, key as string, "failed");
    server.uploads.delete("u1");
    server.uploads.set("other", { bytes: new Uint8Array(), size: 1 });
    uploads.resume(key as string);
    const item = await until(uploads, key as string, "done", "failed");
    expect(item.file).toBe("file-of-u2");
  });

  it("does not become a file of other bytes", async () => {
    const uploads = sender({ digest: async () => "0".repeat(64) });
    const [key] = uploads.add("m", [{ file: fileOf(content(10)), kind: "work" }]);
    const item = await until(uploads, key as string, "failed", "done");
    expect(item.error).toMatchObject({ code: "upload_digest" });
    expect(server.files.size).toBe(0);
    expect(ledger.all()).toEqual([]);
  });

  it("goes on after the tab was closed, when the same file is chosen again, and for the same person alone", async () => {
    const bytes = content(SIZE);
    const first = sender();
    server.trouble = [FINE, FINE, 507];
    const [key] = first.add("m", [{ file: fileOf(bytes), kind: "work" }]);
    await until(first, key as string, "failed");
    const again = sender();
    expect(again.brokenOff("m").map((one) => one.name)).toEqual(["曲.wav"]);
    expect(again.brokenOff("another matter")).toEqual([]);
    person = "zhou";
    expect(again.brokenOff("m")).toEqual([]);
    person = "li";
    // Another file of that name and size is another upload.
    const other = bytes.slice();
    other[0] = 255;
    await until(again, again.add("m", [{ file: fileOf(other), kind: "work" }])[0] as string, "done");
    expect(server.uploads.size).toBe(2);
    const [resumed] = again.add("m", [{ file: fileOf(bytes), kind: "work" }]);
    const item = await until(again, resumed as string, "done");
    expect(item).toMatchObject({ file: "file-of-u1", resumed_at: 1048576 });
    expect(again.brokenOff("m")).toEqual([]);
  });

  it("pauses and goes on; given up it is given up at the server too", async () => {
    let hold: (() => void) | undefined;
    const uploads = sender({
      piece: async (id, offset, bytes, signal) => {
        if (offset > 0 && !hold)
          await new Promise<void>((resolve, reject) => {
            hold = resolve;
            signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
          });
        return world.piece(id, offset, bytes, signal);
      },
    });
    const [key] = uploads.add("m", [{ file: fileOf(content(SIZE)), kind: "work" }]) as [string];
    while (!hold) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(uploads.isBusy()).toBe(true);
    uploads.pause(key);
    expect((await until(uploads, key, "paused")).offset).toBe(1048576);
    expect(uploads.isBusy()).toBe(false);
    uploads.resume(key);
    await until(uploads, key, "done");
    const [other] = uploads.add("m", [{ file: fileOf(content(30), "b"), kind: "work" }]) as [string];
    uploads.pause(other);
    await uploads.cancel(other);
    await until(uploads, other, "cancelled");
  });

  it("sends two files at once and the others behind them", async () => {
    let most = 0;
    let now = 0;
    const uploads = sender({
      piece: async (...asked) => {
        now += 1;
        most = Math.max(most, now);
        await new Promise((resolve) => setTimeout(resolve, 2));
        now -= 1;
        return world.piece(...asked);
      },
    });
    const files = Array.from({ length: 6 }, (_, at) => ({ file: fileOf(content(50 + at)), kind: "work" as const }));
    for (const key of uploads.add("m", files)) await until(uploads, key, "done");
    expect(most).toBe(2);
  });
});

describe("what was chosen", () => {
  it("is told apart before it is sent", () => {
    const named = (name: string, size = 3) => new File([new Uint8Array(size)], name);
    const { good, refused } = sorted(
      [
        named("a.mp3"),
        named("b.mp3", 0),
        named(".DS_Store"),
        named("c.mp4.crdownload"),
        named("d.lnk"),
        named("a.mp3"),
      ].map((file) => new File([file], file.name, { lastModified: 5 })),
    );
    expect(good.map((one) => one.name)).toEqual(["a.mp3"]);
    expect(refused.map((one) => one.why)).toEqual(["empty", "litter", "unfinished", "shortcut", "twice"]);
  });

  it("is a side file where it says something about another", () => {
    expect(kindOf("夜听.info.json", "suspect")).toBe("side_file");
    expect(kindOf("account.csv", "suspect")).toBe("side_file");
    expect(kindOf("account.csv", "evidence")).toBe("evidence");
    expect(kindOf("a.json", "work")).toBe("work");
  });
});
