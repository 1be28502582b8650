// How each paper of a procedure stands in a matter: missing for what comes next, being made, a draft, on file.
//
// Invariant: what is missing is what the server says that acts of this stage ask for, and nothing that is guessed.
import type { Acts, FileView, Job, Matter, Procedure } from "~/api/shapes";

export type State = "missing" | "making" | "draft" | "not_due" | "on_file";

export interface PaperRow {
  id: string;
  definition: Procedure["paper"][number];
  state: State;
  /** Acts of this stage that ask for it or make it. */
  next: string[];
  /** Where it lies: `file:ID` or a number. */
  place: string | undefined;
  /** The newest that the program made and nobody put on file. */
  draft: FileView | undefined;
  /** Whether the program makes it: it comes from outside otherwise. */
  isOurs: boolean;
}

const ORDER: State[] = ["missing", "making", "draft", "on_file", "not_due"];
/** What stands against an act whatever is put on file. */
const ELSEWHERE = ["wrong_stage", "matter_closed", "matter_suspended"];

export function papersOf(
  definition: Procedure,
  matter: Matter,
  acts: Acts | undefined,
  files: FileView[],
  asked: ReadonlySet<string>,
): PaperRow[] {
  const next = new Map<string, string[]>();
  for (const choice of acts?.acts ?? []) {
    if (choice.lacks.some((lack) => ELSEWHERE.includes(lack.code))) continue;
    const act = definition.act.find((one) => one.id === choice.act);
    const named = [
      ...choice.asks.flatMap((ask) => (ask.ask === "paper" ? [ask.of] : [])),
      ...choice.lacks.flatMap((lack) => (lack.code.startsWith("paper_") && lack.subject ? [lack.subject] : [])),
      ...(act?.makes ?? []),
    ];
    for (const paper of new Set(named)) next.set(paper, [...(next.get(paper) ?? []), choice.act]);
  }
  const onFile = matter.state?.papers ?? {};
  const rows = definition.paper.map((paper): PaperRow => {
    const place = onFile[paper.id]?.place ?? undefined;
    const made = files.filter((file) => file.kind === "paper" && file.paper === paper.id && !file.withdrawn);
    const draft = made.toSorted((left, right) => right.at.localeCompare(left.at))[0];
    const isFiled = place !== undefined;
    const isNewer = draft !== undefined && place !== `file:${draft.id}`;
    const wanted = next.get(paper.id) ?? [];
    const state = asked.has(paper.id)
      ? "making"
      : isFiled
        ? "on_file"
        : isNewer
          ? "draft"
          : wanted.length > 0
            ? "missing"
            : "not_due";
    return {
      id: paper.id,
      definition: paper,
      state,
      next: wanted,
      place,
      draft: isNewer ? draft : undefined,
      // A list of goods comes from the ledger, whoever hands it in.
      isOurs: !paper.outside || Boolean(paper.lists),
    };
  });
  return rows.toSorted((left, right) => ORDER.indexOf(left.state) - ORDER.indexOf(right.state));
}

/** Papers that jobs are making now. */
export function beingMade(jobs: Job[], known: ReadonlyMap<string, string>): Set<string> {
  const papers = jobs.filter((job) => job.kind === "paper" && job.ended_at === null);
  return new Set(papers.flatMap((job) => known.get(job.id) ?? []));
}
