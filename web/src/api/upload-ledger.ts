// Which uploads this person began in this browser, so that they go on after the tab was closed.
//
// Invariant: per person; ids, names, sizes and digests and no content; nothing longer than the server keeps it.

export interface UploadRecord {
  id: string;
  matter: string;
  kind: string;
  name: string;
  size_bytes: number;
  sha256: string | undefined;
  until: string;
}

type Keep = Pick<Storage, "getItem" | "setItem" | "removeItem">;
const PREFIX = "quanlian.uploads.";
const MAX_RECORDS = 500;

export class UploadLedger {
  constructor(
    private readonly keep: () => Keep,
    private readonly person: () => string,
    private readonly now: () => number = Date.now,
  ) {}

  all(): UploadRecord[] {
    try {
      const read: unknown = JSON.parse(this.keep().getItem(PREFIX + this.person()) ?? "[]");
      if (!Array.isArray(read)) return [];
      return read.filter(
        (one): one is UploadRecord =>
          typeof one?.id === "string" && typeof one?.name === "string" && Date.parse(one?.until) > this.now(),
      );
    } catch {
      return [];
    }
  }

  of(matter: string): UploadRecord[] {
    return this.all().filter((one) => one.matter === matter);
  }

  /** The upload that this file belongs to: same matter, name and size, and the same digest where one is known. */
  find(
    file: Pick<UploadRecord, "matter" | "name" | "size_bytes" | "sha256">,
    taken: ReadonlySet<string | undefined>,
  ): UploadRecord | undefined {
    return this.of(file.matter).find(
      (one) =>
        !taken.has(one.id) &&
        one.name === file.name &&
        one.size_bytes === file.size_bytes &&
        one.sha256 === file.sha256,
    );
  }

  put(record: UploadRecord): void {
    this.write([...this.all().filter((one) => one.id !== record.id), record]);
  }

  remove(id: string): void {
    this.write(this.all().filter((one) => one.id !== id));
  }

  private write(records: UploadRecord[]): void {
    const key = PREFIX + this.person();
    try {
      if (records.length === 0) this.keep().removeItem(key);
      else this.keep().setItem(key, JSON.stringify(records.slice(-MAX_RECORDS)));
    } catch {
      // A full store: the upload itself goes on, only a closed tab would lose it.
    }
  }
}
