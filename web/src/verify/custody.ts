// The chain of custody (docs/CUSTODY.md): lines that follow each other, in an order that can be, acts that both sides signed.
//
// Invariant: lines of version 1 are noted by the program, lines of version 2 are acts that people sign; nothing that people must sign stands unsigned.
// Whether a key is really that person's is not said here.
import { canonical, ed25519, type Fields, fromCanonical, hmac, type Json, sha256, toHex, utf8, wrong } from "./bytes";
import { entryOf, readKey, readSignature } from "./log";

const MAX_LINES = 10_000;
const MAX_PARTIES = 16;
const BY_PROGRAM = ["collected", "deposited", "bundled"];
const ONE_SIDE = { sides: ["operator"], others: ["witness"] };
const TWO_SIDES = { sides: ["giver", "receiver"], others: ["witness"] };
const ACTS: Record<string, { sides: string[]; others: string[] }> = {
  collected: { sides: ["operator"], others: ["witness", "holder"] },
  sealed: ONE_SIDE,
  opened: ONE_SIDE,
  copied: ONE_SIDE,
  analysed: ONE_SIDE,
  handed_over: TWO_SIDES,
  returned: TWO_SIDES,
};

interface Party {
  role: string;
  name: string;
}
export interface Attestation {
  party: number;
  how: string;
  key?: Json;
  signature?: Json;
  scan?: Json;
  reason?: Json;
}
export interface Line {
  number: number;
  text: string;
  act: string;
  isSigned: boolean;
  fields: Fields;
  parties: Party[];
  attestations: Attestation[];
}

interface Standing {
  place: "elsewhere" | "held" | "returned";
  isSealed: boolean;
  isHandled: boolean;
  holder: string | undefined;
}

/** Whether this act can follow those before; the standing goes on all the same. */
function follows(standing: Standing, act: string, actor: string, receiver: string | undefined): boolean {
  const { place, isSealed, isHandled, holder } = standing;
  let can = false;
  if (act === "bundled") can = place !== "elsewhere";
  else if (act === "collected") can = place !== "held" || !isHandled;
  else if (place === "held") {
    if (act === "deposited") can = true;
    else if (act === "opened") can = isSealed;
    else if (act === "handed_over" || act === "returned") can = holder === actor;
    else can = !isSealed;
  }
  if (act === "collected") Object.assign(standing, { place: "held", isSealed: false, isHandled: false, holder: actor });
  if (act === "sealed" || act === "opened") standing.isSealed = act === "sealed";
  if (act === "handed_over" || act === "returned") {
    standing.place = act === "returned" ? "returned" : "held";
    standing.holder = receiver;
  }
  if (!BY_PROGRAM.includes(act)) standing.isHandled = true;
  return can;
}

const isObject = (value: Json | undefined): value is { [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function partiesOf(fields: Fields): Party[] | undefined {
  const record = fields["record"];
  const listed = isObject(record) ? record["parties"] : undefined;
  if (!Array.isArray(listed)) return undefined;
  const found: Party[] = [];
  for (const one of listed) {
    if (!isObject(one) || typeof one["role"] !== "string" || typeof one["name"] !== "string") return undefined;
    found.push({ role: one["role"], name: one["name"] });
  }
  return found;
}

function attestationsOf(fields: Fields): Attestation[] | undefined {
  const listed = fields["attestations"] ?? [];
  if (!Array.isArray(listed)) return undefined;
  const found: Attestation[] = [];
  for (const one of listed) {
    if (!isObject(one) || typeof one["party"] !== "number" || typeof one["how"] !== "string") return undefined;
    found.push({ ...one, party: one["party"], how: one["how"] });
  }
  return found;
}

/** The parties of an act and how each stands behind it: all that must take part do, and no side is missing. */
function requireSides(fields: Fields, act: string, line: number): { parties: Party[]; attestations: Attestation[] } {
  const wanted = Object.hasOwn(ACTS, act) ? ACTS[act] : undefined;
  const parties = partiesOf(fields);
  const attestations = attestationsOf(fields);
  if (!wanted || !parties || !attestations || parties.length < 1 || parties.length > MAX_PARTIES || "detail" in fields)
    wrong("act", { line, act });
  const roles = parties.map((party) => party.role);
  const names = parties.map((party) => party.name);
  for (const side of wanted.sides) if (!roles.includes(side)) wrong("act_side", { line, act, side });
  const isFit =
    roles[0] === wanted.sides[0] &&
    names[0] === fields["actor"] &&
    new Set(names).size === names.length &&
    roles.every((role) => wanted.sides.includes(role) || wanted.others.includes(role)) &&
    ["giver", "receiver"].every((side) => roles.filter((role) => role === side).length <= 1);
  if (!isFit) wrong("act_parties", { line, act });
  for (const [at, { role, name }] of parties.entries()) {
    const own = attestations.find((found) => found.party === at + 1);
    if (!own || (own.how === "unsigned" && wanted.sides.includes(role)))
      wrong("act_unsigned", { line, act, who: `${role} ${name}` });
  }
  const keys = attestations.filter((found) => found.how === "signed").map((found) => found.key);
  const isInOrder =
    attestations.length === parties.length &&
    attestations.every((found, at) => found.party === at + 1) &&
    new Set(keys).size === keys.length;
  if (!isInOrder) wrong("act_signatures", { line, act });
  return { parties, attestations };
}

/** The lines of an item: linked, begun where the deposit says, in an order that can be. */
export function chain(
  text: string,
  deposit: { id: unknown; custody_sha256: unknown },
  index: string | undefined,
): Line[] {
  const texts = text.split("\n");
  if (texts.pop() !== "" || texts.length < 1 || texts.length > MAX_LINES) wrong("chain_cut");
  const standing: Standing = { place: "elsewhere", isSealed: false, isHandled: false, holder: undefined };
  let before = "0".repeat(64);
  let isDeposited = false;
  const lines: Line[] = [];
  for (const [at, own] of texts.entries()) {
    const number = at + 1;
    const fields = fromCanonical(own, `custody.jsonl ${number}`);
    const act = typeof fields["act"] === "string" ? fields["act"] : "";
    if (fields["item"] !== deposit.id) wrong("chain_item", { line: number });
    if (fields["prev"] !== before) wrong("chain_broken", { line: number });
    before = toHex(sha256(utf8(own)));
    if (number === 1 && before !== deposit.custody_sha256) wrong("chain_begin");
    const isSigned = fields["v"] === 2;
    let sides: { parties: Party[]; attestations: Attestation[] } = { parties: [], attestations: [] };
    if (isSigned) sides = requireSides(fields, act, number);
    else if (fields["v"] !== 1 || !BY_PROGRAM.includes(act) || "record" in fields || "attestations" in fields)
      wrong("chain_nobody", { line: number });
    const receiver = sides.parties.find((party) => party.role === "receiver")?.name;
    const record = fields["record"];
    const isIrregular = isObject(record) && Boolean(record["irregular"]);
    const actor = typeof fields["actor"] === "string" ? fields["actor"] : "";
    if (!follows(standing, act, actor, receiver) && !isIrregular) wrong("chain_order", { line: number, act });
    const detail = fields["detail"];
    if (act === "deposited" && isObject(detail) && index !== undefined && detail["index"] === index) isDeposited = true;
    lines.push({ number, text: own, act, isSigned, fields, ...sides });
  }
  if (!isDeposited) wrong("chain_deposit");
  return lines;
}

export interface Signed {
  state: "ok" | "failed" | "not_checked";
  /** How each stands behind it. */
  sides: { who: string; how: "signed" | "wrong" | "no_ed25519" | "paper" | "unsigned"; by: string }[];
}

/** How each party signed: the line without attestations, then `as ROLE NAME`. */
export async function judgeAct(line: Line, hasEd25519: boolean, keys: Set<string>): Promise<Signed> {
  const { attestations: _, ...unsigned } = line.fields;
  const text = canonical(unsigned as Json);
  const signed: Signed = { state: "ok", sides: [] };
  for (const own of line.attestations) {
    const { role, name } = line.parties[own.party - 1] as Party;
    const who = `${role} ${name}`;
    if (own.how !== "signed") {
      if (signed.state === "ok") signed.state = "not_checked";
      if (own.how !== "paper" && own.how !== "unsigned") signed.state = "failed";
      const isPaper = own.how === "paper";
      signed.sides.push({
        who,
        how: isPaper ? "paper" : "unsigned",
        by: String((isPaper ? own.scan : own.reason) ?? ""),
      });
      continue;
    }
    const key = readKey(String(own.key), 1);
    const signature = readSignature(String(own.signature));
    let fits =
      key !== undefined && signature?.bytes.length === 64 && signature.name === key.name && signature.id === key.id;
    if (fits && key && signature && hasEd25519) {
      try {
        fits = await ed25519(key.key, signature.bytes, utf8(`${text}\nas ${role} ${name}\n`));
      } catch {
        fits = false;
      }
    }
    if (!fits || !key) {
      signed.state = "failed";
      signed.sides.push({ who, how: "wrong", by: "" });
      continue;
    }
    keys.add(String(own.key));
    if (!hasEd25519 && signed.state === "ok") signed.state = "not_checked";
    signed.sides.push({ who, how: hasEd25519 ? "signed" : "no_ed25519", by: key.name });
  }
  return signed;
}

/** The entry that a line has: its id is an HMAC of item and number, as a UUID of version 8. Gives when it was recorded. */
export function opensToLine(entry: string, salt: Uint8Array, item: string, line: Line): string {
  const id = hmac(salt, utf8(`quanlian custody line\n${item}\n${line.number}\n`)).slice(0, 32);
  const variant = "89ab"[Number.parseInt(id[16] ?? "0", 16) & 3];
  const uuid = `${id.slice(0, 8)}-${id.slice(8, 12)}-8${id.slice(13, 16)}-${variant}${id.slice(17, 20)}-${id.slice(20)}`;
  const at = fromCanonical(entry, "entry.json")["recorded_at"];
  if (typeof at !== "string" || entry !== entryOf(salt, utf8(line.text), uuid, "custody", at)) wrong("line_entry");
  return at;
}
