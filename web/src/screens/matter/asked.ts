// What an act asks for, as a form holds it, and how that becomes what is sent.
//
// Invariant: nothing is stated that the form does not show; a flag that the act needs is proposed as such and can be changed.
import type { Ask, FactValue, FileView, Given, Procedure, ProcedureAct } from "~/api/shapes";

/** How a paper comes: the program makes it, it is a file of the matter, or it has a number on paper. */
export type PaperChoice = { by: "made" } | { by: "file"; file: string } | { by: "number"; text: string };

export interface Answers {
  reason: string;
  /** What papers that are made say, where it is not the reason. */
  text: string;
  facts: Record<string, FactValue | undefined>;
  papers: Record<string, PaperChoice | undefined>;
  counterparts: Record<string, string>;
  persons: string[];
  to_stage: string;
  agency: string;
  member: string;
  clock: string;
  length: number | null;
  unit: "days" | "working_days" | "hours" | "months";
  supersedes: number | null;
  version: number | null;
  /** When it happened, where that was not just now: an instant. */
  happened: string;
}

/** The asks that have one control each. */
export interface Fields {
  facts: string[];
  papers: string[];
  makes: string[];
  counterparts: string[];
  persons: string[];
  stages: string[];
  clocks: string[];
  versions: number[];
  reason: boolean;
  agency: boolean;
  member: boolean;
  superseded: boolean;
}

export function fieldsOf(asks: Ask[], act: ProcedureAct | undefined): Fields {
  const of = (kind: Ask["ask"]) => asks.filter((one) => one.ask === kind);
  const named = (kind: "fact" | "paper" | "counterpart" | "persons") =>
    of(kind).map((one) => ("of" in one ? String(one.of) : ""));
  const listed = (kind: "stage" | "extension" | "version") =>
    of(kind).flatMap((one): (string | number)[] => ("of" in one && Array.isArray(one.of) ? one.of : []));
  const makes = act?.makes ?? [];
  return {
    facts: [...new Set([...named("fact"), ...(act?.one_of ?? [])])],
    papers: named("paper").filter((one) => !makes.includes(one)),
    makes,
    counterparts: named("counterpart"),
    persons: named("persons"),
    stages: listed("stage").map(String),
    clocks: listed("extension").map(String),
    versions: listed("version").map(Number),
    reason: of("reason").length > 0,
    agency: of("agency").length > 0,
    member: of("member").length > 0,
    superseded: of("superseded").length > 0,
  };
}

/** The opening act of a procedure asks for what it needs; nothing is on file yet. */
export function asksOfOpening(definition: Procedure): { act: ProcedureAct | undefined; asks: Ask[] } {
  const act = definition.act.find((one) => one.kind === "open");
  const asks: Ask[] = [];
  for (const need of act?.needs ?? []) asks.push({ ask: "fact", of: need.fact });
  for (const paper of act?.papers ?? []) asks.push({ ask: "paper", of: paper });
  for (const counterpart of act?.counterparts ?? []) asks.push({ ask: "counterpart", of: counterpart });
  if (act?.reason) asks.push({ ask: "reason" });
  if (act?.together) asks.push({ ask: "persons", of: act.together.role });
  return { act, asks };
}

/** Words of a name that say something: file names are compared with names of papers by them. */
const bare = (text: string) =>
  text
    .normalize("NFKC")
    .replace(/[\s\p{P}\p{S}\d]/gu, "")
    .toLowerCase();

/** The file whose name holds the name of the paper, the newest first. */
export function fileNamed(paper: string, files: FileView[]): FileView | undefined {
  const wanted = bare(paper);
  if (wanted.length < 2) return undefined;
  return [...files]
    .filter((one) => !one.withdrawn)
    .sort((left, right) => right.at.localeCompare(left.at))
    .find((one) => bare(one.name).includes(wanted));
}

export function begin(
  fields: Fields,
  definition: Procedure,
  act: ProcedureAct | undefined,
  files: FileView[],
  others: string[],
): Answers {
  const facts: Answers["facts"] = {};
  for (const need of act?.needs ?? []) {
    if (need.is !== undefined && fields.facts.includes(need.fact)) facts[need.fact] = { flag: need.is };
  }
  const papers: Answers["papers"] = {};
  for (const id of fields.makes) papers[id] = { by: "made" };
  for (const id of fields.papers) {
    const paper = definition.paper.find((one) => one.id === id);
    const file = paper && (fileNamed(paper.name.zh, files) ?? fileNamed(paper.name.en, files));
    if (file) papers[id] = { by: "file", file: file.id };
    else if (paper && !paper.outside) papers[id] = { by: "made" };
  }
  return {
    reason: "",
    text: "",
    facts,
    papers,
    counterparts: {},
    persons: fields.persons.length > 0 ? others.slice(0, 1) : [],
    to_stage: fields.stages.length === 1 ? (fields.stages[0] ?? "") : "",
    agency: "",
    member: "",
    clock: fields.clocks.length === 1 ? (fields.clocks[0] ?? "") : "",
    length: null,
    unit: "working_days",
    supersedes: null,
    version: fields.versions.at(-1) ?? null,
    happened: "",
  };
}

/** The papers that have to be made first, in order. */
export function toMake(answers: Answers): string[] {
  return Object.entries(answers.papers)
    .filter(([, choice]) => choice?.by === "made")
    .map(([id]) => id);
}

/** What is sent with the act; `made` tells the files of the papers that were made for it. */
export function given(answers: Answers, made: Record<string, string>): Given {
  const sent: Given = {};
  if (answers.reason.trim()) sent.reason = answers.reason.trim();
  const facts = Object.entries(answers.facts).filter((one): one is [string, FactValue] => one[1] !== undefined);
  if (facts.length > 0) sent.facts = Object.fromEntries(facts);
  const papers: Record<string, string> = {};
  for (const [id, choice] of Object.entries(answers.papers)) {
    if (choice?.by === "file" && choice.file) papers[id] = `file:${choice.file}`;
    else if (choice?.by === "number" && choice.text.trim()) papers[id] = choice.text.trim();
    else if (choice?.by === "made" && made[id]) papers[id] = `file:${made[id]}`;
  }
  if (Object.keys(papers).length > 0) sent.papers = papers;
  const counterparts = Object.entries(answers.counterparts).filter(([, agency]) => agency);
  if (counterparts.length > 0) sent.counterparts = Object.fromEntries(counterparts);
  if (answers.to_stage) sent.to_stage = answers.to_stage;
  if (answers.agency) sent.agency = answers.agency;
  if (answers.member.trim()) sent.member = answers.member.trim();
  if (answers.clock) sent.clock = answers.clock;
  if (answers.length !== null) sent.length = { [answers.unit]: answers.length };
  if (answers.supersedes !== null) sent.supersedes = answers.supersedes;
  if (answers.version !== null) sent.version = answers.version;
  return sent;
}
