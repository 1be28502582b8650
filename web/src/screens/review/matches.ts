// The matches of a matter's comparison and what people say of them (比对复核).
//
// Invariants: a verdict is shown when the server stored it; nobody judges a line other than the one that they saw.
import { useQuery } from "@tanstack/react-query";
import { json, write } from "~/api/client";
import { Problem } from "~/api/problem";
import { queries } from "~/api/queries";
import type { FileView, Match, Matter } from "~/api/shapes";

export type Verdict = "confirmed" | "rejected" | "open";

export interface MatchFile {
  id: string;
  kind: string;
  name: string;
  size_bytes: number;
  is_withdrawn: boolean;
}

export interface Said {
  verdict: Verdict;
  reason: string | null;
  by: string;
  at: string;
}

/** A line of the report; `found` is nothing where it cannot be read. */
export interface Pair {
  index: number;
  found: Match | null;
  suspect_file: MatchFile | null;
  work_file: MatchFile | null;
  verdict: Verdict;
  said: Said | null;
  before: Said[];
}

export interface Counts {
  confirmed: number;
  rejected: number;
  open: number;
  damaged: number;
}

interface MatchPage {
  report: FileView | null;
  matches: Pair[];
  counts: Counts;
  next: number | null;
}

export interface Matches extends MatchPage {
  /** Whether there are more than are loaded here. */
  isCut: boolean;
}

/** Nobody reviews more in one sitting; beyond that one works through what is open, page by page. */
const MAX_LOADED = 5_000;

const key = (matter: string) => ["matter", matter, "matches"];

export const useMatches = (matter: string) =>
  useQuery({
    queryKey: key(matter),
    queryFn: async ({ signal }): Promise<Matches> => {
      let page = await part(matter, null, signal);
      const matches = [...page.matches];
      while (page.next !== null && matches.length < MAX_LOADED) {
        page = await part(matter, page.next, signal, page.report?.id);
        matches.push(...page.matches);
      }
      return { ...page, matches, isCut: page.next !== null };
    },
  });

function part(matter: string, after: number | null, signal: AbortSignal, report?: string): Promise<MatchPage> {
  const asked = new URLSearchParams({ limit: "200" });
  if (after !== null) asked.set("after", `${after}`);
  if (report) asked.set("report", report);
  return json(`/api/v1/matters/${matter}/matches?${asked}`, { signal });
}

/** A verdict as a step of the ledger. What was seen of the matter is its newest version; the line is named by its files. */
export async function judge(matter: string, report: string, pair: Pair, verdict: Verdict, reason: string) {
  const { found } = pair;
  if (!found) return;
  const step = {
    do: "judge_match",
    report,
    index: pair.index,
    suspect: found.suspect,
    work: found.work,
    verdict,
    ...(reason.trim() ? { reason: reason.trim() } : {}),
  };
  for (let tries = 0; ; tries += 1) {
    const { version } = await json<Matter>(`/api/v1/matters/${matter}`);
    try {
      await write("POST", `/api/v1/matters/${matter}/ledger`, { steps: [step] }, { version });
      break;
    } catch (error) {
      // Somebody wrote to the matter, not to this line: the verdict holds unless the line itself was judged meanwhile.
      const isLost = error instanceof Problem && error.status === 412;
      if (!isLost || tries >= 3 || (await verdictNow(matter, pair)) !== pair.verdict) throw error;
    }
  }
  await queries.invalidateQueries({ queryKey: ["matter", matter] });
}

async function verdictNow(matter: string, pair: Pair): Promise<Verdict | undefined> {
  const asked = new URLSearchParams({ limit: "1" });
  if (pair.index > 0) asked.set("after", `${pair.index - 1}`);
  const page = await json<MatchPage>(`/api/v1/matters/${matter}/matches?${asked}`);
  return page.matches.find((one) => one.index === pair.index)?.verdict;
}

export type Sort = "report" | "score" | "identity" | "suspect" | "work";
export const SORTS: Sort[] = ["report", "score", "identity", "suspect", "work"];
export const MEDIA = ["audio", "video", "image", "text", "code"] as const;

export interface Choice {
  medium: string;
  verdict: string;
  sort: Sort;
}

export function chosen(pairs: Pair[], choice: Choice, compare: (left: string, right: string) => number): Pair[] {
  const kept = pairs.filter(
    (pair) =>
      (!choice.medium || pair.found?.medium === choice.medium) && (!choice.verdict || pair.verdict === choice.verdict),
  );
  const by: Record<Sort, (left: Pair, right: Pair) => number> = {
    report: (left, right) => left.index - right.index,
    score: (left, right) => (right.found?.score_bits ?? 0) - (left.found?.score_bits ?? 0),
    identity: (left, right) => (right.found?.identity ?? 0) - (left.found?.identity ?? 0),
    suspect: (left, right) => compare(left.found?.suspect ?? "", right.found?.suspect ?? ""),
    work: (left, right) => compare(left.found?.work ?? "", right.found?.work ?? ""),
  };
  return kept.sort((left, right) => by[choice.sort](left, right) || left.index - right.index);
}

/** The next pair that nobody judged, from a place on and around to its front; the one behind when all are judged. */
export function nextOpen(pairs: Pair[], at: number): number {
  for (let step = 1; step <= pairs.length; step += 1) {
    const place = (at + step) % pairs.length;
    if (pairs[place]?.verdict === "open") return place;
  }
  return Math.min(at + 1, pairs.length - 1);
}
