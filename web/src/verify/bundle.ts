// An evidence bundle, verified in the browser without upload: the questions of docs/BUNDLE.md, as `quanlian verify` answers them.
//
// In:  a file; the key of its log, where somebody has it from elsewhere.
// Out: checks, each ok, failed, not checked or erased, with what it is about.
//
// Invariants: what was not checked is never called good; one failure fails the whole; nothing of the file runs or reaches the network.
// Time stamps, trust in keys of people and in witnesses are not judged here, and the checks say so.
import type { MessageKey } from "~/words/keys";
import {
  ed25519,
  type Fields,
  fromCanonical,
  fromHex,
  isDigest,
  knowsEd25519,
  utf8,
  type Values,
  Wrong,
  wrong,
} from "./bytes";
import {
  actFolder,
  type Files,
  folderOf,
  isPayload,
  type Layout,
  layout,
  readContainer,
  TAG_MANIFESTS,
} from "./container";
import { chain, judgeAct, type Line, opensToLine, type Signed } from "./custody";
import { cosigned, type Head, inLog, type Note, opens, readHead, readKey, readNote } from "./log";

export type State = "ok" | "failed" | "not_checked" | "erased";
export const QUESTIONS = {
  bundle: ["container", "manifest", "bag", "bundle_sealed"],
  file: ["file_is_deposit"],
  inclusion: ["deposit_committed", "deposit_in_log", "erasure_in_log"],
  log_head: ["log_head_signed"],
  log_key: ["log_key_trusted"],
  witnesses: ["log_witnessed"],
  time: ["time"],
  custody: ["custody_chain", "custody_act_signed", "custody_act_in_log", "custody_keys"],
} as const;
export type Question = keyof typeof QUESTIONS;
export type Code = (typeof QUESTIONS)[Question][number];

export interface Check {
  code: Code;
  state: State;
  /** The item, or `bundle`. */
  subject: string;
  /** The words of the detail and what is put into them. */
  said: MessageKey;
  values: Values;
  sides?: Signed["sides"];
}

const MAX_WITNESSES = 64;

export function answerOf(checks: Check[], question: Question): State | "partly" {
  const own = checks.filter((check) => (QUESTIONS[question] as readonly string[]).includes(check.code));
  const has = (state: State) => own.some((check) => check.state === state);
  if (has("failed")) return "failed";
  if (!has("ok")) return has("erased") && !has("not_checked") ? "erased" : "not_checked";
  return has("not_checked") || has("erased") ? "partly" : "ok";
}

class Verifying {
  readonly checks: Check[] = [];
  head: Head | undefined;
  note: Note | undefined;
  readonly keys = new Set<string>();
  readonly times: string[] = [];

  constructor(
    readonly files: Files,
    readonly form: Layout,
    readonly hasEd25519: boolean,
  ) {}

  text(name: string): string {
    return this.files.get(name)?.text ?? wrong("missing", { name });
  }

  add(code: Code, state: State, subject: string, said: string, values: Values = {}): void {
    this.checks.push({ code, state, subject, said: `verify.said.${said}` as MessageKey, values });
  }

  fail(code: Code, subject: string, error: unknown): void {
    this.checks.push(failed(code, subject, error));
  }

  async attempt(code: Code, subject: string, work: () => [string, Values] | Promise<[string, Values]>): Promise<void> {
    try {
      const [said, values] = await work();
      this.add(code, "ok", subject, said, values);
    } catch (error) {
      this.fail(code, subject, error);
    }
  }

  /** The entry in `folder` is in the log; gives its index. */
  prove(folder: string): string {
    if (!this.head) wrong("head");
    const entry = this.files.get(`${folder}/entry.json`)?.bytes ?? wrong("missing", { name: folder });
    return inLog(this.text(`${folder}/inclusion.tlog-proof`), entry, this.head, this.text("proof/checkpoint"));
  }
}

function failed(code: Code, subject: string, error: unknown): Check {
  if (error instanceof Wrong)
    return { code, state: "failed", subject, said: `verify.wrong.${error.code}`, values: error.values };
  const detail = error instanceof Error ? error.message : String(error);
  return { code, state: "failed", subject, said: "verify.wrong.other", values: { detail } };
}

export async function verifyBundle(
  file: Blob,
  givenKey: string,
  progress: (done: number) => void = () => undefined,
): Promise<Check[]> {
  let files: Files;
  let form: Layout;
  try {
    files = await readContainer(file, progress);
    form = layout(files);
  } catch (error) {
    return [failed("container", "bundle", error)];
  }
  const all = new Verifying(files, form, await knowsEd25519());
  all.add("container", "ok", "bundle", "files", { count: files.size });
  await all.attempt("manifest", "bundle", () => manifests(all));
  await judgeHead(all);
  judgeKey(all, givenKey);
  for (let item = 1; item <= form.items; item += 1) {
    if (form.erased.has(item)) await judgeErased(all, item);
    else await judgeItem(all, item);
  }
  const [first] = all.keys;
  if (first !== undefined)
    all.add("custody_keys", "not_checked", "bundle", "custody_keys", { key: first, count: all.keys.size });
  await judgeSeal(all);
  await judgeWitnesses(all);
  const times = [...all.times].sort();
  const span: Values = { from: times[0] ?? "–", until: times.at(-1) ?? "–" };
  if (form.tokens === 0) all.add("time", "not_checked", "bundle", "own_clock", span);
  else all.add("time", "not_checked", "bundle", "stamps", { ...span, count: form.tokens });
  return all.checks;
}

function manifests({ files, form }: Verifying): [string, Values] {
  const names = Array.from(files.keys());
  const tags = names.filter((name) => !isPayload(name) && !TAG_MANIFESTS.includes(name));
  for (const [name, listed] of [
    ["manifest", form.payload],
    ["tagmanifest", tags],
  ] as const) {
    for (const algorithm of ["sha256", "sm3"] as const) {
      const own = listed.map((one) => `${files.get(one)?.[algorithm]}  ${one}\n`).join("");
      if (files.get(`${name}-${algorithm}.txt`)?.text !== own) wrong("manifest", { name: `${name}-${algorithm}.txt` });
    }
  }
  return ["files", { count: names.length }];
}

async function judgeHead(all: Verifying): Promise<void> {
  try {
    const text = all.text("proof/log.vkey");
    const key = readKey(text.replace(/\n$/, ""), 1);
    if (!key || !text.endsWith("\n")) wrong("log_key");
    const note = readNote(all.text("proof/checkpoint"));
    const [own, ...others] = note.signatures;
    const isOwn = (line: { name: string; id: string }) => line.name === key.name && line.id === key.id;
    if (!own || !isOwn(own) || own.bytes.length !== 64 || others.some(isOwn)) wrong("first_signature");
    const head = readHead(note, key.name);
    const size = head.size.toString();
    if (!all.hasEd25519) all.add("log_head_signed", "not_checked", "bundle", "no_ed25519");
    else if (await ed25519(key.key, own.bytes, utf8(note.text)))
      all.add("log_head_signed", "ok", "bundle", "head", { size, name: key.name });
    else wrong("signature");
    all.note = note;
    all.head = head;
  } catch (error) {
    all.fail("log_head_signed", "bundle", error);
  }
}

function judgeKey(all: Verifying, given: string): void {
  const key = all.text("proof/log.vkey").trim();
  const wanted = given.trim();
  if (wanted === "") all.add("log_key_trusted", "not_checked", "bundle", "key_taken", { key });
  else if (wanted === key) all.add("log_key_trusted", "ok", "bundle", "key_given");
  else all.fail("log_key_trusted", "bundle", new Wrong("key_given"));
}

interface Deposit {
  id: string;
  at: string;
  custody_sha256: Fields[string];
  name: string;
  sha256: string;
  sm3: string;
  size: Fields[string];
}

function readDeposit(text: string): Deposit {
  const found = fromCanonical(text, "deposit.json");
  const content = found["content"];
  if (found["v"] !== 1 || typeof content !== "object" || content === null || Array.isArray(content)) wrong("deposit");
  const { name, sha256, sm3, size_bytes } = content;
  if (!isDigest(sha256) || !isDigest(sm3) || typeof name !== "string") wrong("deposit");
  const { id, deposited_at, custody_sha256 } = found;
  if (typeof id !== "string" || typeof deposited_at !== "string") wrong("deposit");
  return { id, at: deposited_at, custody_sha256, name, sha256, sm3, size: size_bytes };
}

async function judgeItem(all: Verifying, item: number): Promise<void> {
  const folder = folderOf(item);
  const number = String(item).padStart(4, "0");
  let deposit: Deposit;
  try {
    deposit = readDeposit(all.text(`${folder}/deposit.json`));
  } catch (error) {
    return all.fail("deposit_committed", number, error);
  }
  const subject = `${number} ${deposit.name}`;
  all.times.push(deposit.at);
  const original = all.files.get(all.form.originals.get(item) ?? "");
  if (!original) all.add("file_is_deposit", "not_checked", subject, "no_original");
  else if (original.sm3 === deposit.sm3 && original.sha256 === deposit.sha256 && original.size === deposit.size)
    all.add("file_is_deposit", "ok", subject, "digest", { digest: deposit.sha256 });
  else all.fail("file_is_deposit", subject, new Wrong("original"));
  await all.attempt("deposit_committed", subject, () => {
    opens(all.files, folder, "deposit.json", "deposit", deposit.id, deposit.at);
    return ["recorded", { at: deposit.at }];
  });
  let index: string | undefined;
  await all.attempt("deposit_in_log", subject, () => {
    index = all.prove(folder);
    return ["entry", { index }];
  });
  let lines: Line[] | undefined;
  await all.attempt("custody_chain", subject, () => {
    lines = chain(all.text(`${folder}/custody.jsonl`), deposit, index);
    return ["lines", { count: lines.length }];
  });
  if (lines) await judgeActs(all, item, subject, deposit.id, lines, index);
}

/** Two checks for each act of people: who signed it, and where it stands in the log, each behind what was before. */
async function judgeActs(
  all: Verifying,
  item: number,
  subject: string,
  deposit: string,
  lines: Line[],
  index: string | undefined,
): Promise<void> {
  const left = new Set(all.form.acts.get(item) ?? []);
  let latest = index === undefined ? undefined : BigInt(index);
  for (const line of lines) {
    if (!line.isSigned) continue;
    const named = `${subject} #${line.number} ${line.act}`;
    const { state, sides } = await judgeAct(line, all.hasEd25519, all.keys);
    all.checks.push({
      code: "custody_act_signed",
      state,
      subject: named,
      said: "verify.said.sides",
      values: {},
      sides,
    });
    await all.attempt("custody_act_in_log", named, () => {
      if (!left.delete(line.number)) wrong("act_entry");
      const folder = actFolder(item, line.number);
      const salt = fromHex(all.text(`${folderOf(item)}/salt.hex`).slice(0, 64));
      const at = opensToLine(all.text(`${folder}/entry.json`), salt, deposit, line);
      const own = BigInt(all.prove(folder));
      if (latest === undefined || own <= latest) wrong("act_before", { index: own.toString() });
      latest = own;
      return ["entry_at", { index: own.toString(), at }];
    });
  }
  for (const line of left) all.fail("custody_act_in_log", `${subject} #${line}`, new Wrong("act_left_out"));
}

/** What an erasure left: the entry of the deposit, and the tombstone with its own. */
async function judgeErased(all: Verifying, item: number): Promise<void> {
  const folder = folderOf(item);
  const subject = String(item).padStart(4, "0");
  let tomb: Fields;
  try {
    tomb = fromCanonical(all.text(`${folder}/erased/tombstone.json`), "tombstone.json");
    if (tomb["v"] !== 1) wrong("tombstone");
  } catch (error) {
    return all.fail("erasure_in_log", subject, error);
  }
  const { by, at, reason, deposit, deposit_index } = tomb;
  all.add("file_is_deposit", "erased", subject, "erased", { by: String(by), at: String(at), reason: String(reason) });
  all.add("deposit_committed", "erased", subject, "salt_gone");
  await all.attempt("deposit_in_log", subject, () => {
    const text = all.text(`${folder}/entry.json`);
    const entry = fromCanonical(text, "entry.json");
    const { commitment, recorded_at } = entry;
    const wanted = `{"commitment":"${commitment}","id":${JSON.stringify(deposit)},"kind":"deposit","recorded_at":${JSON.stringify(recorded_at)},"v":1}`;
    if (!isDigest(commitment) || typeof recorded_at !== "string" || text !== wanted) wrong("erased_entry");
    const index = all.prove(folder);
    if (String(deposit_index) !== index) wrong("erased_index");
    return ["entry", { index }];
  });
  await all.attempt("erasure_in_log", subject, () => {
    opens(all.files, `${folder}/erased`, "tombstone.json", "erasure", deposit, at);
    return ["entry", { index: all.prove(`${folder}/erased`) }];
  });
  all.add("custody_chain", "erased", subject, "custody_gone");
}

const isSealed = (name: string) =>
  !(
    name === "proof/checkpoint" ||
    name === "proof/log.vkey" ||
    TAG_MANIFESTS.includes(name) ||
    name.startsWith("proof/bundle/") ||
    name.startsWith("proof/tsa/") ||
    /^proof\/.*inclusion\.tlog-proof$/.test(name)
  );

async function judgeSeal(all: Verifying): Promise<void> {
  const { files, form } = all;
  let statement: Fields | undefined;
  await all.attempt("bundle_sealed", "bundle", () => {
    const found = fromCanonical(all.text("proof/bundle/statement.json"), "statement.json");
    if (found["v"] !== 2 || found["items"] !== form.items) wrong("seal_items");
    const list = "proof/bundle/sealed-sha256.txt";
    const own = Array.from(files.keys())
      .filter(isSealed)
      .map((name) => `${files.get(name)?.sha256}  ${name}`);
    const told = all.text(list);
    if (told !== `${own.join("\n")}\n`) {
      const listed = told.split("\n");
      const there = new Set(own);
      const known = new Set(listed);
      const [first = "–"] = [...own.filter((line) => !known.has(line)), ...listed.filter((line) => !there.has(line))]
        .map((line) => line.slice(66))
        .sort();
      wrong("sealed", { name: first });
    }
    if (found["sealed_sha256"] !== files.get(list)?.sha256) wrong("seal_list");
    opens(files, "proof/bundle", "statement.json", "bundle", found["id"], found["made_at"]);
    const index = all.prove("proof/bundle");
    statement = found;
    return ["sealed", { by: String(found["actor"]), at: String(found["made_at"]), index }];
  });
  await all.attempt("bag", "bundle", () => {
    const declared = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
    if (all.text("bagit.txt") !== declared) wrong("bagit");
    const bytes = form.payload.reduce((sum, name) => sum + (files.get(name)?.size ?? 0), 0);
    const oxum = `External-Identifier: urn:uuid:${statement?.["id"]}\nPayload-Oxum: ${bytes}.${form.payload.length}\n`;
    if (!statement || !all.text("bag-info.txt").endsWith(oxum)) wrong("bag_info");
    return ["payload", { count: form.payload.length, bytes }];
  });
}

/** Cosignatures of witnesses, under the keys that lie in the bundle; whether these are theirs is not said. */
async function judgeWitnesses(all: Verifying): Promise<void> {
  if (!all.head || !all.note) return all.add("log_witnessed", "not_checked", "bundle", "head_bad");
  const others = all.note.signatures.slice(1);
  if (others.length === 0) return all.add("log_witnessed", "not_checked", "bundle", "nobody");
  const listed = all.files.get("proof/witness.vkeys")?.text.split("\n").slice(0, MAX_WITNESSES) ?? [];
  const keys = listed.flatMap((line) => readKey(line, 4) ?? []);
  for (const line of others) {
    const key = keys.find((one) => one.name === line.name && one.id === line.id);
    if (!key) all.add("log_witnessed", "not_checked", line.name, "no_key");
    else if (!all.hasEd25519) all.add("log_witnessed", "not_checked", line.name, "no_ed25519");
    else {
      const at = await cosigned(key, line.bytes, all.note);
      if (at) all.add("log_witnessed", "ok", line.name, "witnessed", { at });
      else all.fail("log_witnessed", line.name, new Wrong("witness"));
    }
  }
  return undefined;
}
