// Sending files so that nothing breaks it for good: in pieces (tus 1.0.0), going on after a lost line, a lost session, a closed tab.
//
// In:  files of this machine, the matter that they are for.
// Out: files of the matter; until then how far each is, at what rate, and what it waits for.
//
// Invariants: how far the server is, the server says (asked, or by the offset of its answers), never this page; a digest is told before the
// first byte, so that other bytes become no file; a piece is not sent twice at once. What is kept in this browser is ids, names and digests,
// per person, and no content.
import { Unreadable } from "~/digest/digest";
import type { Kind } from "./chosen";
import { explain, Problem, Unreachable } from "./problem";
import type { UploadLedger, UploadRecord } from "./upload-ledger";
import type { World } from "./upload-world";

export type UploadState =
  /** Its digest is being computed. */
  | "hashing"
  | "waiting"
  | "sending"
  | "paused"
  /** The line is lost or the server busy; it tries again by itself. */
  | "retrying"
  | "done"
  /** It does not go on by itself; `error` says why. */
  | "failed"
  | "cancelled";

export interface UploadItem {
  key: string;
  matter: string;
  kind: Kind;
  name: string;
  size_bytes: number;
  state: UploadState;
  /** So much was read for the digest. */
  hashed: number;
  /** So much is at the server. */
  offset: number;
  /** Where it went on from an earlier visit. */
  resumed_at: number;
  rate: number | undefined;
  left_s: number | undefined;
  sha256: string | undefined;
  error: unknown;
  /** The file of the matter that it became. */
  file: string | undefined;
}

const MIN_PIECE = 256 << 10;
export const MAX_PIECE = 8 << 20;
/** A piece takes about so long: progress is seen, and the server's limit of half a minute is far. */
const PIECE_MS = 2_000;
const MAX_WAIT_MS = 30_000;
/** So many answers in a row without a byte gained, from a server that is reached: somebody has to look. */
const MAX_FRUITLESS = 8;
const AT_ONCE = 2;

interface Running {
  item: UploadItem;
  file: File;
  id: string | undefined;
  stop: AbortController;
  piece: number;
}

/** Every upload of these pages; it outlives the screen that asked for it. */
export class Uploads {
  private readonly running = new Map<string, Running>();
  private shown: UploadItem[] = [];
  private readonly listeners = new Set<() => void>();
  private counted = 0;

  constructor(
    private readonly at: World,
    readonly ledger: UploadLedger,
    private readonly onDone: (matter: string) => void = () => undefined,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly all = (): UploadItem[] => this.shown;

  isBusy(): boolean {
    return this.shown.some((one) => ["hashing", "waiting", "sending", "retrying"].includes(one.state));
  }

  /** Begins to send; a file that was broken off in an earlier visit goes on where it was. Gives the keys. */
  add(matter: string, files: { file: File; kind: Kind }[]): string[] {
    const keys = files.map(({ file, kind }) => {
      this.counted += 1;
      const item: UploadItem = {
        key: `${this.counted}`,
        matter,
        kind,
        name: file.name,
        size_bytes: file.size,
        state: "waiting",
        hashed: 0,
        offset: 0,
        resumed_at: 0,
        rate: undefined,
        left_s: undefined,
        sha256: undefined,
        error: undefined,
        file: undefined,
      };
      this.running.set(item.key, { item, file, id: undefined, stop: new AbortController(), piece: 1 << 20 });
      return item.key;
    });
    this.tell();
    this.next();
    return keys;
  }

  pause(key: string): void {
    const one = this.running.get(key);
    if (!one || !["hashing", "waiting", "sending", "retrying"].includes(one.item.state)) return;
    this.set(one, { state: "paused", rate: undefined, left_s: undefined });
    one.stop.abort();
    this.next();
  }

  resume(key: string): void {
    const one = this.running.get(key);
    if (!one || !["paused", "failed"].includes(one.item.state)) return;
    one.stop = new AbortController();
    this.set(one, { state: "waiting", error: undefined });
    this.next();
  }

  /** Gives it up here and at the server. */
  async cancel(key: string): Promise<void> {
    const one = this.running.get(key);
    if (!one || one.item.state === "done") return;
    this.set(one, { state: "cancelled", rate: undefined, left_s: undefined });
    one.stop.abort();
    this.next();
    if (one.id) await this.forget(one.id);
  }

  /** Gives up an upload of an earlier visit. */
  async forget(id: string): Promise<void> {
    this.ledger.remove(id);
    this.tell();
    try {
      await this.at.end(id);
    } catch {
      // It became a file, is gone already, or ends by itself after seven days.
    }
  }

  /** Takes what has ended out of the list. */
  clear(matter: string): void {
    for (const [key, one] of this.running)
      if (one.item.matter === matter && ["done", "cancelled"].includes(one.item.state)) this.running.delete(key);
    this.tell();
  }

  /** Uploads of earlier visits that nobody has gone on with: their files are asked for again. */
  brokenOff(matter: string): UploadRecord[] {
    const taken = new Set(Array.from(this.running.values(), (one) => one.id));
    return this.ledger.of(matter).filter((one) => !taken.has(one.id));
  }

  private tell(): void {
    this.shown = Array.from(this.running.values(), (one) => one.item);
    for (const listener of this.listeners) listener();
  }

  private set(one: Running, change: Partial<UploadItem>): void {
    one.item = { ...one.item, ...change };
    this.tell();
  }

  private next(): void {
    const all = Array.from(this.running.values());
    let active = all.filter((one) => ["hashing", "sending", "retrying"].includes(one.item.state)).length;
    for (const one of all) {
      if (active >= AT_ONCE) return;
      if (one.item.state !== "waiting") continue;
      active += 1;
      // Said before anything is waited for, so that nobody starts it twice.
      this.set(one, { state: one.item.sha256 ? "sending" : "hashing" });
      void this.run(one, one.stop.signal);
    }
  }

  private async run(one: Running, signal: AbortSignal): Promise<void> {
    try {
      if (!one.item.sha256) {
        const sha256 = await this.at.digest(one.file, (hashed) => !signal.aborted && this.set(one, { hashed }), signal);
        if (signal.aborted) return;
        this.set(one, { sha256, hashed: one.file.size, state: "sending" });
      }
      const file = await this.through(one, signal);
      if (signal.aborted || file === undefined) return;
      if (one.id) this.ledger.remove(one.id);
      this.set(one, { state: "done", offset: one.file.size, file, rate: undefined, left_s: undefined });
      this.onDone(one.item.matter);
    } catch (error) {
      if (!signal.aborted) this.set(one, { state: "failed", error, rate: undefined, left_s: undefined });
    } finally {
      this.next();
    }
  }

  /** The whole way of one file: begun or found again, piece by piece. Gives the file that it became. */
  private async through(one: Running, signal: AbortSignal): Promise<string | undefined> {
    let fruitless = 0;
    let furthest = -1;
    // Whatever happened before, the first question is how far the server is.
    let offset: number | undefined;
    const reached = (soFar: number) => {
      if (soFar > furthest) fruitless = 0;
      furthest = Math.max(furthest, soFar);
      this.set(one, { offset: soFar });
      return soFar;
    };
    while (!signal.aborted) {
      try {
        if (one.id === undefined) offset = await this.beginning(one, signal);
        if (signal.aborted || one.id === undefined) return undefined;
        if (offset === undefined) {
          const found = await this.at.look(one.id);
          if (signal.aborted) return undefined;
          if (found.file) return found.file;
          if (one.item.offset === 0 && found.offset > 0) this.set(one, { resumed_at: found.offset });
          offset = reached(found.offset);
        }
        if (offset > one.file.size) throw new Problem(409, { code: "offset_wrong" }, null);
        this.set(one, { state: "sending", error: undefined });
        const sent = await this.piece(one, one.id, offset, signal);
        if (sent.file) return sent.file;
        fruitless += 1;
        offset = reached(sent.offset);
      } catch (error) {
        if (signal.aborted) return undefined;
        if (!(error instanceof Unreachable)) fruitless += 1;
        const wait = this.afterwards(one, error, fruitless);
        offset = undefined;
        if (one.id === undefined) furthest = -1;
        if (wait > 0) {
          this.set(one, { state: "retrying", error, rate: undefined, left_s: undefined });
          await this.at.wait(wait, signal);
          if (!signal.aborted) this.set(one, { state: "sending", error: undefined });
        }
      }
    }
    return undefined;
  }

  private async beginning(one: Running, signal: AbortSignal): Promise<number | undefined> {
    const { matter, kind, name, size_bytes, sha256 } = one.item;
    const taken = new Set(Array.from(this.running.values(), (other) => other.id));
    const earlier = this.ledger.find({ matter, name, size_bytes, sha256 }, taken);
    if (earlier) {
      one.id = earlier.id;
      return undefined;
    }
    const begun = await this.at.begin(matter, { kind, name, size_bytes, sha256 });
    if (signal.aborted) {
      // Given up while the server was asked: what it began is ended, or kept for later when it was only paused.
      if (one.item.state === "cancelled") await this.at.end(begun.id);
      else this.ledger.put({ id: begun.id, matter, kind, name, size_bytes, sha256, until: begun.until });
      return undefined;
    }
    one.id = begun.id;
    this.ledger.put({ id: begun.id, matter, kind, name, size_bytes, sha256, until: begun.until });
    return begun.offset;
  }

  private async piece(one: Running, id: string, offset: number, signal: AbortSignal) {
    const began = this.at.now();
    const bytes = one.file.slice(offset, Math.min(offset + one.piece, one.file.size));
    const sent = await this.at.piece(id, offset, bytes, signal);
    const took = Math.max(1, this.at.now() - began);
    const rate = ((sent.offset - offset) / took) * 1000;
    // The mean of the last pieces: one slow piece does not throw the time that is left about.
    const mean = one.item.rate === undefined ? rate : one.item.rate * 0.7 + rate * 0.3;
    one.piece = Math.round(Math.min(MAX_PIECE, Math.max(MIN_PIECE, (one.piece * PIECE_MS) / took, 1)));
    if (!signal.aborted) {
      this.set(one, {
        rate: mean,
        left_s: mean > 0 ? (one.file.size - sent.offset) / mean : undefined,
      });
    }
    return sent;
  }

  /** What an error asks for: milliseconds until the next try, or it is thrown because no try will mend it. */
  private afterwards(one: Running, error: unknown, fruitless: number): number {
    const growing = Math.min(MAX_WAIT_MS, 500 * 2 ** Math.min(fruitless, 6));
    if (error instanceof Unreachable) {
      one.piece = Math.max(MIN_PIECE, one.piece >> 1);
      return Math.max(2_000, growing);
    }
    if (!(error instanceof Problem) || fruitless >= MAX_FRUITLESS) throw error;
    const asked = error.retryAfterS === undefined ? 0 : error.retryAfterS * 1000;
    switch (error.code) {
      case "offset_wrong":
        return fruitless > 1 ? growing : 0;
      case "upload_not_found":
        // Its time ran out, or its bytes lie on a server that is gone: begun anew, from the first byte.
        if (one.id) this.ledger.remove(one.id);
        one.id = undefined;
        this.set(one, { offset: 0, resumed_at: 0 });
        return fruitless > 1 ? growing : 0;
      case "upload_digest":
        if (one.id) this.ledger.remove(one.id);
        one.id = undefined;
        // The file may have changed since its digest was computed, so that is computed again when somebody tries again.
        this.set(one, { sha256: undefined, hashed: 0, offset: 0 });
        throw error;
      case "piece_too_slow":
      case "piece_broken_off":
        one.piece = Math.max(MIN_PIECE, one.piece >> 1);
        return growing;
      case "upload_taken":
      case "rate_limited":
      case "server_busy":
        return Math.max(asked, growing);
      case "upload_quota":
        return Math.max(asked, 5_000);
      case "disk_full":
        throw error;
    }
    // A server in front that fails, or ours for a moment. 507 needs somebody who clears the disk.
    if (error.status >= 500 && error.status !== 507) return Math.max(asked, growing);
    throw error;
  }
}

/** Why an upload stands still, in words. */
export function explainUpload(error: unknown, unreadable: string): string {
  const isUnreadable =
    error instanceof Unreadable || (error instanceof DOMException && error.name === "NotReadableError");
  return isUnreadable ? unreadable : explain(error);
}
