// What who filed can still bring, and what of it the next step needs; what they bring becomes one command.
//
// Invariant: only what the procedure marks `outside` is asked for or sent; whether it is enough, the server says.
import type { ActChoice, FactKind, FactValue, Filing, Given, Procedure } from "~/api/shapes";
import type { Names } from "~/words/words";

export interface Wanted<N = Names> {
  id: string;
  name: N;
  isNeeded: boolean;
  /** It was brought before; bringing it again replaces it. */
  isThere: boolean;
}

export type Bring = { by: "file"; file: string } | { by: "number"; text: string };
export interface Brought {
  papers: Record<string, Bring | undefined>;
  facts: Record<string, FactValue | undefined>;
}
export const NOTHING: Brought = { papers: {}, facts: {} };

/** What the agency asked them to do now; taking it back is never asked for. */
export function askedAct(filing: Filing): ActChoice | undefined {
  return filing.acts.find((act) => act.possible && act.kind !== "withdraw");
}

export function wanted(
  filing: Filing,
  definition: Procedure,
): { papers: Wanted[]; facts: (Wanted & { kind: FactKind })[] } {
  const asked = askedAct(filing);
  const next = definition.act.filter((act) => act.kind === "step" && act.from.includes(filing.stage));
  const asks = (kind: "paper" | "fact", id: string) =>
    asked?.asks.some((ask) => ask.ask === kind && "of" in ask && ask.of === id) ?? false;
  const papers = definition.paper
    .filter((paper) => paper.outside)
    .map((paper) => {
      const isThere = paper.id in filing.papers;
      const isNeeded = asks("paper", paper.id) || (!isThere && next.some((act) => act.papers.includes(paper.id)));
      return { id: paper.id, name: paper.name, isNeeded, isThere };
    })
    // Asked to supplement, they may bring a better one of what was there.
    .filter((paper) => !paper.isThere || asked !== undefined);
  const facts = definition.fact
    .filter((fact) => fact.outside && !(fact.id in filing.facts))
    .map((fact) => {
      const isNeeded = asks("fact", fact.id) || next.some((act) => act.needs.some((need) => need.fact === fact.id));
      return { id: fact.id, name: fact.name, kind: fact.kind, isNeeded, isThere: false };
    })
    .filter((fact) => fact.isNeeded);
  const order = (one: Wanted) => (one.isNeeded ? 0 : one.isThere ? 2 : 1);
  return { papers: papers.sort((one, two) => order(one) - order(two)), facts };
}

/** What is sent: nothing that was left open. */
export function givenOf(brought: Brought): Given {
  const given: Given = {};
  const papers: Record<string, string> = {};
  for (const [id, bring] of Object.entries(brought.papers)) {
    if (bring?.by === "file") papers[id] = `file:${bring.file}`;
    else if (bring?.by === "number" && bring.text.trim()) papers[id] = bring.text.trim();
  }
  const facts = Object.entries(brought.facts).filter((one): one is [string, FactValue] => one[1] !== undefined);
  if (Object.keys(papers).length > 0) given.papers = papers;
  if (facts.length > 0) given.facts = Object.fromEntries(facts);
  return given;
}

/** `supply` where nothing was asked for, else the act that was. */
export function commandOf(filing: Filing, brought: Brought): Record<string, unknown> {
  const asked = askedAct(filing);
  const given = givenOf(brought);
  return asked ? { do: "act", act: asked.act, given } : { do: "supply", ...given };
}
