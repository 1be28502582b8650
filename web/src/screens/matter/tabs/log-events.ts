// Events of a matter as they are stored: of the engine, of the platform, of the ledger; numbered, each with its digest.
//
// In:  what `GET …/events` gives.
// Out: one entry each, with what its steps were about and what they replaced.
//
// Invariant: an event of a kind that is not known here stands in the list all the same.
import type { FactValue, Given, Goods, Party, Person, Task } from "~/api/shapes";
import type { Step } from "./steps";

export interface Raw {
  number: number;
  digest: string;
  event: Record<string, unknown>;
}

export type Body =
  | { kind: "opened"; procedure: string; parent?: string; agency: string; to: string; given?: Given; made?: string[] }
  | { kind: "supplied"; facts?: Record<string, FactValue>; papers?: Record<string, string> }
  | { kind: "proposed"; act: string; given?: Given }
  | { kind: "endorsed"; proposal: number }
  | { kind: "rejected"; proposal: number; reason: string }
  | {
      kind: "acted";
      act: string;
      from: string;
      to: string;
      proposal?: number;
      given?: Given;
      made?: string[];
      notices?: { to: string; template: string }[];
      opens?: string[];
    };

export interface Kept {
  title: string;
  unit?: string;
  handlers: string[];
  named?: unknown;
}

export type Judged = { do: "judge_match"; suspect: string; work: string; verdict: string; reason?: string };
export type Taken = Step | Judged;

/** A step with the entry that it is about, as it was before. */
export interface Done {
  step: Taken;
  id: string | undefined;
  before?: Party | Goods | Task;
}

export interface Entry {
  number: number;
  digest: string;
  before: string | undefined;
  raw: Record<string, unknown>;
  recorded: string;
  /** When it happened, where that is told apart. */
  happened: string | undefined;
  /** `agency/user`. */
  by: string;
  role?: string;
  with: string[];
  what:
    | { of: "act"; seq: number; body: Body; act: string | undefined; proposal: number | undefined }
    | { of: "platform"; kept: Kept; before: Kept | undefined }
    | { of: "ledger"; done: Done[] }
    | { of: "unknown" };
}

const person = (of: Person | undefined) => (of ? `${of.agency}/${of.user}` : "");

/** All entries in their order. */
export function entriesOf(raws: Raw[], opening: string | undefined): Entry[] {
  const parties = new Map<string, Party>();
  const goods = new Map<string, Goods>();
  const tasks = new Map<string, Task>();
  const acts = new Map<number, string | undefined>();
  const numbers = new Map<number, number>();
  let kept: Kept | undefined;

  const done = (step: Taken): Done => {
    switch (step.do) {
      case "add_party": {
        const id = `P${parties.size + 1}`;
        parties.set(id, step.party);
        return { step, id };
      }
      case "correct_party": {
        const before = parties.get(step.id);
        parties.set(step.id, step.party);
        return { step, id: step.id, before };
      }
      case "withdraw_party":
        return { step, id: step.id, before: parties.get(step.id) };
      case "add_goods": {
        const id = `G${goods.size + 1}`;
        goods.set(id, step.goods);
        return { step, id };
      }
      case "correct_goods": {
        const before = goods.get(step.id);
        goods.set(step.id, step.goods);
        return { step, id: step.id, before };
      }
      case "withdraw_goods":
      case "move_goods":
        return { step, id: step.id, before: goods.get(step.id) };
      case "add_task": {
        const id = `T${tasks.size + 1}`;
        tasks.set(id, step.task);
        return { step, id };
      }
      case "change_task": {
        const before = tasks.get(step.id);
        tasks.set(step.id, step.task);
        return { step, id: step.id, before };
      }
      case "end_task":
      case "reopen_task":
        return { step, id: step.id, before: tasks.get(step.id) };
      default:
        return { step, id: undefined };
    }
  };

  return raws.map(({ number, digest, event }, at) => {
    const shared = { number, digest, before: raws[at - 1]?.digest, raw: event, with: [] as string[] };
    if ("platform" in event) {
      const { at: recorded, by, kept: now } = event as unknown as { at: string; by: string; kept: Kept };
      const before = kept;
      kept = now;
      return { ...shared, recorded, happened: undefined, by, what: { of: "platform", kept: now, before } };
    }
    if ("ledger" in event) {
      const { mark, steps } = event as unknown as { mark: { at: string; by: string }; steps: Taken[] };
      const what = { of: "ledger" as const, done: steps.map(done) };
      return { ...shared, recorded: mark.at, happened: undefined, by: mark.by, what };
    }
    if ("body" in event) {
      const read = event as unknown as {
        seq: number;
        recorded_at: string;
        happened: string;
        by: Person;
        role: string;
        with?: Person[];
        body: Body;
      };
      const { body, seq } = read;
      numbers.set(seq, number);
      const proposal = "proposal" in body ? body.proposal : undefined;
      const act =
        "act" in body ? body.act : body.kind === "opened" ? opening : proposal ? acts.get(proposal) : undefined;
      acts.set(seq, act);
      return {
        ...shared,
        recorded: read.recorded_at,
        happened: read.happened,
        by: person(read.by),
        role: read.role,
        with: (read.with ?? []).map(person),
        what: { of: "act", seq, body, act, proposal: proposal === undefined ? undefined : numbers.get(proposal) },
      };
    }
    return { ...shared, recorded: "", happened: undefined, by: "", what: { of: "unknown" } };
  });
}

/** The number under which an event of the engine stands in the list. */
export function numberOf(entries: Entry[], seq: number): number | undefined {
  return entries.find((entry) => entry.what.of === "act" && entry.what.seq === seq)?.number;
}

/** What differs between two versions of an entry: names of fields. */
export function changed(before: object | undefined, after: object): string[] {
  const old = (before ?? {}) as Record<string, unknown>;
  const now = after as Record<string, unknown>;
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].filter(
    (field) => JSON.stringify(old[field]) !== JSON.stringify(now[field]),
  );
}
