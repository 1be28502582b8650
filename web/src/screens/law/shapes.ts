// `assessment.json` as an assessment leaves it (`quanlian_law::Assessment` and what stands beside it).
import type { Names } from "~/words/words";

export type Outcome = "below" | "undetermined" | "base" | "serious" | "especially_serious";
export type Truth = "met" | "not_met" | "unknown";
export type Amount = { fen: number } | { count: number };

export interface Cites {
  rule?: string | null;
  version?: string | null;
  citation?: Names | null;
  verified?: boolean | null;
}

export interface Reason extends Cites {
  kind: "tier" | "line" | "applies" | "condition" | "element" | "limitation" | "derivation" | "note";
  state?: Truth;
  text: Names;
  tier?: string;
  line?: string;
  fact?: string;
  compared?: {
    at_least: Amount;
    at_most: Amount | null;
    op: string;
    threshold: Amount;
    distance?: { short_by: Amount } | { above_by: Amount };
  };
  evidence?: string[];
  stated_by?: string[];
  certainty?: Certainty;
  children?: Reason[];
}

export type Certainty = "certain" | "probable" | "alleged" | "disputed";

export interface Band extends Cites {
  tier: string;
  text: Names;
}

export interface Missing {
  fact: string;
  title: Names;
  could_lift_to: Outcome;
  alone: boolean;
  from?: Amount;
  why: Names;
}

export interface UnreadLine extends Cites {
  line?: string;
  decisive: boolean;
}

export interface RuleSet {
  as_of: string;
  at: "conduct" | "judgment" | "both" | "between";
  governs: boolean;
  outcome: Outcome;
  could_reach: Outcome;
  attempt: boolean;
  reasons: Reason[];
  band: Band | null;
  could_reach_band: Band | null;
  fine: (Cites & { text: Names }) | null;
  sentence_frame: SentenceFrame | null;
  missing: Missing[];
  unverified: UnreadLine[];
}

export interface SentenceFrame {
  tier: string;
  circumstances: (Cites & { title?: Names; text?: Names; [more: string]: unknown })[];
  may_be_stated: { fact: string; title: Names }[];
  discretion?: (Cites & { text: Names }) | null;
  probation?:
    | (Cites & {
        text: Names;
        conditions: Reason[];
        bars: Reason[];
        must_if: Reason[];
        lighter: Reason[];
        heavier: Reason[];
      })
    | null;
  fine?: { range: (Cites & { text: Names }) | null; floor: Reason | null } | null;
  notes: Reason[];
}

export interface Layer {
  layer: "statute" | "interpretation";
  differs: boolean;
  changes: {
    rule: string;
    title: Names;
    at_conduct: string | null;
    cited_at_conduct?: Names;
    at_judgment: string | null;
    cited_at_judgment?: Names;
  }[];
  straddled: string[];
  rule?: Reason;
  text: Names;
}

export interface Assessment {
  offence: string;
  title: Names;
  outcome: Outcome;
  could_reach: Outcome;
  summary: Names;
  transfer: { answer: string; text: Names; rules: Reason[] };
  rests_on_uncertain: boolean;
  rests_on_unverified: boolean;
  person: "natural" | "unit" | null;
  conduct_from: string | null;
  conduct_to: string | null;
  judged_on: string;
  rule_sets: RuleSet[];
  governing: {
    as_of: string;
    which: string;
    why: Names;
    choice_required: boolean;
    provisional: boolean;
    choice?: { as_of: string; reason: string; chosen_by?: string; chosen_on?: string };
    departs_from_rule: boolean;
    rules: Reason[];
    layers: Layer[];
  };
  missing: Missing[];
  unverified: UnreadLine[];
  elements: Reason[];
  contradictions: { fact?: string; text?: Names; title?: Names; [more: string]: unknown }[];
  uncertain: {
    fact: string;
    title: Names;
    certainty: Certainty;
    decisive: string;
    evidence?: string[];
    text: Names;
  }[];
  deviations: { text?: Names; [more: string]: unknown }[];
  sensitivity?: {
    facts: {
      fact: string;
      title: Names;
      decides: boolean;
      below?: { at: Amount; to: Outcome; by: Amount };
      above?: { at: Amount; to: Outcome; by: Amount };
      opposite?: { value: boolean; outcome: Outcome };
      text: Names;
    }[];
    days: { what: "conduct" | "judgment"; on: string; outcome: Outcome; text: Names }[];
    person: { person: string; outcome: Outcome; text: Names } | null;
    next_lines: (Cites & { line: string; text: Names })[];
  };
  open: { rule?: string; question: Names; effect: Names }[];
  rule_book_version: string;
}

export interface Statement {
  name: string;
  fen?: number;
  at_least_fen?: number;
  at_most_fen?: number;
  count?: number;
  at_least_count?: number;
  at_most_count?: number;
  value?: boolean | string;
  evidence?: string[];
  stated_by?: string;
  certainty?: Certainty;
}

export interface Assessed {
  assessment: Assessment;
  sheet: {
    offence: string;
    person?: string;
    conduct?: { from?: string; to?: string };
    judged_on?: string;
    facts: Statement[];
  };
  notes: (Names | { text?: Names; message?: Names; [more: string]: unknown })[];
  /** Matches that people rejected and that do not count. */
  left_out?: { report: string; index: number; suspect: string; work: string; by: string }[];
}
