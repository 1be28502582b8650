// What the server sends where its description says no more than "object".
//
// These mirror types of the crates named beside them. They go as soon as the description carries them itself.
import type { Names } from "~/words/words";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Account = Schemas["AccountView"];
export type Agency = Schemas["AgencyView"];
export type FileView = Omit<Schemas["FileView"], "receipt"> & { receipt?: FileReceipt | null };
export type Upload = Schemas["UploadView"];
export type Figure = Omit<Schemas["FigureView"], "parts" | "period"> & {
  period: { first: string; last: string };
  parts: FigurePart[];
};

export interface FigurePart {
  group: string | null;
  value: number | null;
  n: number;
  missing: number;
  part?: number | null;
  [more: string]: unknown;
}

export interface FileReceipt {
  deposit: string;
  deposited_at: string;
  log_index: number;
  sm3: string;
  receipt: {
    log_key: string;
    deposit_json: string;
    entry_json: string;
    custody: string[];
    salt: string;
    log_index: number;
    v: number;
  };
}

export type Light = "off" | "green" | "yellow" | "red";

/** `quanlian_procedure::clock::ClockView`. */
export interface ClockView {
  clock: string;
  name: Names;
  rule: string | null;
  citation: Names;
  verified: boolean;
  state:
    | "running"
    | "suspended"
    | "overdue"
    | "expired"
    | "met"
    | "met_late"
    | "met_unclear"
    | "lapsed"
    | "undetermined";
  started: string;
  started_by: number;
  ended: string | null;
  due_on: string | null;
  due_at: string | null;
  not_before: string | null;
  missing_year: number | null;
  days_left: number | null;
  overdue_days: number;
  light: Light;
  law?: {
    rule: string;
    version: string;
    title: Names;
    citation: Names;
    verified: boolean;
    actor: Names;
    act: Names;
    length: Names;
    text: Names;
    steps: Names[];
    open?: { question: Names; effect: Names }[];
  } | null;
}

/** `quanlian_procedure::FactValue`. */
export type FactValue = { flag: boolean } | { count: number } | { fen: number } | { day: string } | { text: string };
export type FactKind = "flag" | "count" | "fen" | "day" | "text";

export interface Person {
  user: string;
  agency: string;
  unit?: string | null;
}

export interface Past {
  seq: number;
  happened: string;
  recorded_at: string;
  by: Person;
  role: string;
  what: "opened" | "supplied" | "proposed" | "endorsed" | "rejected" | "acted";
  act: string | null;
  stage: string;
  superseded_by: number[];
}

export interface Given {
  reason?: string;
  facts?: Record<string, FactValue>;
  papers?: Record<string, string>;
  counterparts?: Record<string, string>;
  to_stage?: string;
  agency?: string;
  member?: string;
  clock?: string;
  length?: Partial<Record<"days" | "working_days" | "hours" | "months", number>>;
  supersedes?: number;
  happened_instead?: string;
  version?: number;
}

/** `quanlian_procedure::Matter`. */
export interface MatterState {
  id: string;
  parent: string | null;
  agency: string;
  counterparts: Record<string, string>;
  joint: string[];
  members: string[];
  stage: string;
  visited: string[];
  suspended: unknown;
  facts: Record<string, { value: FactValue; by: number }>;
  papers: Record<string, { place: string; by: number }>;
  proposals: Record<string, Proposal>;
  acted: Record<string, string[]>;
  opened: string;
  recorded_at: string;
  seq: number;
  history: Past[];
}

export interface Proposal {
  act: string;
  given?: Given;
  by?: Person;
  /** Users that have agreed, one a step of the chain after the first. */
  endorsed?: string[];
}

export interface MatterRow {
  id: string;
  number: string;
  version: string;
  procedure: string;
  procedure_version: number;
  stage: string;
  status: "working" | "waiting" | "suspended" | "closed";
  owner_agency: string;
  owner_unit: string | null;
  opened_at: string;
  changed_at: string;
  due_on: string | null;
  title?: string | null;
  handlers?: string[];
  amount_fen?: number | null;
  found_in?: "number" | "title" | "text";
}

export interface Matter extends MatterRow {
  clocks: ClockView[];
  state?: MatterState | null;
  named?: Record<string, unknown> | null;
}

export type Ask =
  | { ask: "fact" | "paper" | "counterpart" | "persons"; of: string }
  | { ask: "stage" | "extension"; of: string[] }
  | { ask: "version"; of: number[] }
  | { ask: "reason" | "agency" | "member" | "superseded" };

export interface Lack {
  code: string;
  subject?: string;
  name?: Names;
  wanted?: string[];
}

export interface ActChoice {
  act: string;
  name: Names;
  kind: string;
  possible: boolean;
  lacks: Lack[];
  asks: Ask[];
}

export interface Acts {
  acts: ActChoice[];
  proposals?: { number?: number; proposal?: number; [more: string]: unknown }[];
  [more: string]: unknown;
}

export interface Source {
  cite: Names;
  checked: { on: string; verified: boolean; note?: Names | null };
}

/** `quanlian_procedure::Procedure`. */
export interface Procedure {
  id: string;
  version: number;
  from: string;
  name: Names;
  source: Source[];
  open: Names[];
  lights: { yellow_days: number; red_days: number };
  suppliers: string[];
  role: { id: string; name: Names; agency: string; joint: boolean; apart_from: string[] }[];
  counterpart: { id: string; name: Names }[];
  fact: { id: string; name: Names; kind: FactKind; outside?: boolean }[];
  paper: { id: string; name: Names; outside?: boolean; lists?: string | null }[];
  chain: { id: string; name: Names; steps: string[] }[];
  clock: { id: string; name: Names; rule?: string | null; limit?: { source: Source } | null; window: boolean }[];
  stage: { id: string; name: Names; kind: string }[];
  act: ProcedureAct[];
  digest: string;
}

export interface ProcedureAct {
  id: string;
  name: Names;
  kind: string;
  from: string[];
  to: string | null;
  roles: string[];
  chain?: string | null;
  needs: { fact: string; is?: boolean; at_least?: number }[];
  one_of: string[];
  papers: string[];
  makes: string[];
  reason: boolean;
  counterparts: string[];
  together?: { role: string; others: number } | null;
  notices: { to: string; template: string }[];
  opens: string[];
  starts: { clock: string; on?: string }[];
  stops: { clock: string; on?: string }[];
  [more: string]: unknown;
}

/** A complaint as who filed it sees it in a list: as far as they were told. */
export interface BriefFiling {
  id: string;
  number: string;
  title: string;
  procedure: string;
  procedure_version: number;
  agency: string;
  stage: string;
  stage_name: Names;
  status: MatterRow["status"];
  opened_at: string;
}

export type FilingClock = Pick<
  ClockView,
  | "clock"
  | "name"
  | "citation"
  | "verified"
  | "state"
  | "light"
  | "started"
  | "due_on"
  | "due_at"
  | "days_left"
  | "overdue_days"
>;

export interface Told {
  at: string;
  template: string;
  act: string;
  act_name: Names;
  reason: string | null;
  papers: { paper: string; name: Names; file: string | null; place: string | null }[];
}

export interface Filing extends BriefFiling {
  version: string;
  clocks: FilingClock[];
  facts: Record<string, FactValue>;
  papers: Record<string, string>;
  told: Told[];
  acts: ActChoice[];
  files: FileView[];
}

export interface Notice {
  id: string;
  matter: { id: string; number: string; stage: string };
  template: string;
  about: string | null;
  light: Light | null;
  made_at: string;
  read_at: string | null;
}

export interface TaskRow {
  matter: string;
  number: string;
  title: string;
  id: string;
  task: Task;
  added: Mark;
  ended: { mark: Mark; how: string; note: string | null } | null;
  is_overdue: boolean;
}

export interface Task {
  title: string;
  note?: string;
  assignee?: string;
  of_agency?: string;
  due_on?: string;
  about?: string[];
}

export interface Mark {
  at: string;
  by: string;
}

/** A number of a paper (证件号码), as `quanlian_record::identifier`. */
export interface Identifier {
  kind: "credit_code" | "resident_id" | "passport" | "other";
  number: string;
}

/** `quanlian_ledger`. */
export interface Party {
  roles: string[];
  kind: string;
  name?: string;
  identifiers?: Identifier[];
  /** Why a number stands although its check digit is wrong. */
  identifiers_despite?: string;
  accounts?: string[];
  address?: string;
  contacts?: string[];
  acts_for?: string;
  remark?: string;
}

export interface Goods {
  name: string;
  kind: string;
  brand?: string;
  model?: string;
  quantity: number;
  unit: string;
  price?: { each_fen: number; basis: string; shown_by: string };
  measure: string;
  taken_on: string;
  found_at: string;
  from?: string;
  paper?: string;
  holder: string;
  place: string;
  seal?: string;
  files?: string[];
  remark?: string;
}

export interface Lot {
  number: number;
  quantity: number;
  holder: string;
  place: string;
  seal: string | null;
  /** The movement that brought it there; null as it was taken. */
  by: string | null;
  since: string;
}

export interface Movement {
  kind: string;
  quantity?: number;
  on: string;
  giver: string;
  receiver: string;
  witness?: string;
  place: string;
  seal?: string;
  paper?: string;
  files?: string[];
  irregular?: string;
}

/** Who took something back or put it right, and why. */
export interface Withdrawal {
  mark: Mark;
  why: string;
}

interface Entry {
  id: string;
  added: Mark;
  corrected: Withdrawal | null;
  withdrawn: Withdrawal | null;
}

export type PartyEntry = Entry & { party: Party };
export type GoodsEntry = Entry & {
  goods: Goods;
  lots: Lot[];
  movements: { lot: number; to_lot: number; movement: Movement; mark: Mark }[];
  value_fen: number | null;
  is_custody_complete: boolean;
};
export interface TaskEntry {
  id: string;
  added: Mark;
  task: Task;
  ended: TaskRow["ended"];
  is_overdue: boolean;
}
export interface Finding {
  about: string;
  what: string;
  message: Names;
}

export interface Ledger {
  parties: PartyEntry[];
  goods: GoodsEntry[];
  tasks: TaskEntry[];
  values: { by_basis: Record<string, number>; without_price: number; is_beyond: boolean };
  findings: Finding[];
  is_custody_complete: boolean | null;
}

export interface Job {
  id: string;
  kind: "match" | "assess" | "paper" | "bundle";
  state: "waiting" | "running" | "done" | "dead" | "cancelled" | string;
  done: number;
  total: number;
  text_key: string;
  attempts: number;
  made_at: string;
  ended_at: string | null;
  error: string | null;
  result: JobResult | null;
}

export interface JobResult {
  refused?: unknown;
  files?: Record<string, string>;
  [more: string]: unknown;
}

/** One line of matches.jsonl (docs/INDEX.md). */
export interface Match {
  suspect: string;
  work: string;
  medium: "audio" | "image" | "video" | "text" | "code" | string;
  score_bits: number;
  e_value: number;
  identity?: number | null;
  /** `[from, to)` of what runs on, `[x0, y0, x1, y1]` of pictures. */
  segments: { suspect: number[]; work: number[]; unit: "ms" | "char" | "line" | "px" | string }[];
  filtered?: { suspect: number[]; unit: string; reason: string; by: string }[];
  transform?: Record<string, unknown> | null;
  null_model?: Record<string, unknown> | null;
  [more: string]: unknown;
}

export interface IndicatorDefinition {
  id: string;
  version: number;
  name: Names;
  unit: "fen" | "share" | "count" | "days" | string;
  definition: Names;
  source: { own?: Names; cite?: Names; [more: string]: unknown };
  checked: { on: string; verified: boolean };
  aggregate: string;
  groupings: string[];
  period: string;
  [more: string]: unknown;
}

export interface TrailEntry {
  number: number;
  strand: string;
  digest: string;
  at: string;
  actor: string | null;
  action: string;
  object: string | null;
  kind: string | null;
  result: string;
  [more: string]: unknown;
}
