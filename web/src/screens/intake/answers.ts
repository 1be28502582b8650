// The answers of somebody who complains, what is missing in them, and what they become.
//
// Invariant: nothing that was typed is lost on the way: what the matter has no place for stands in the letter, which is filed with it.
import type { FileView } from "~/api/shapes";
import { halfWidth, today } from "~/words/format";
import { MAX_NAMED, places, rightsOf } from "./paste";

export const SUBJECTS = ["copyright", "trademark", "trade_secret", "patent", "unfair_competition"] as const;
export type Subject = (typeof SUBJECTS)[number];
export const WHO = ["right_holder", "agent", "informant", "anonymous"] as const;
export const PARTY_KINDS = ["legal", "natural", "sole_trader", "organisation"] as const;
export const STEPS = ["right", "where", "who", "check"] as const;
export type Step = (typeof STEPS)[number];

export interface Answers {
  subject: Subject;
  rights: string;
  work: string;
  holder: string;
  where: string;
  story: string;
  place: string;
  who: (typeof WHO)[number];
  party_kind: (typeof PARTY_KINDS)[number];
  name: string;
  number: string;
  contact: string;
  address: string;
  letter: string;
  received_on: string;
  agency: string;
  title: string;
  /** Names of the files that were chosen: the files themselves are not kept when the tab closes. */
  files: { name: string; size: number; kind: FileView["kind"] }[];
  /** Under this key the matter is opened, once, however often it is sent. */
  key: string;
  /** It was opened already, and what comes after it did not come through. */
  opened?: string;
}

export const NO_ANSWERS: Answers = {
  subject: "copyright",
  rights: "",
  work: "",
  holder: "",
  where: "",
  story: "",
  place: "",
  who: "right_holder",
  party_kind: "legal",
  name: "",
  number: "",
  contact: "",
  address: "",
  letter: "",
  received_on: "",
  agency: "",
  title: "",
  files: [],
  key: "",
};

export type Field = Exclude<keyof Answers, "files" | "key" | "opened"> | "files";
export interface Fault {
  step: Step;
  field: Field;
  what:
    | "right_missing"
    | "holder_missing"
    | "too_many_rights"
    | "too_long"
    | "where_missing"
    | "where_bad"
    | "files_gone"
    | "name_missing"
    | "contact_missing"
    | "number_wrong"
    | "place_wrong"
    | "day_wrong"
    | "agency_missing";
}

const MAX_NAME = 160;

/** Everything that is missing or wrong, in the order of the pages. */
export function faults(of: Answers, filesThere: number, needsAgency: boolean): Fault[] {
  const found: Fault[] = [];
  const say = (step: Step, field: Field, what: Fault["what"]) => found.push({ step, field, what });
  if (needsAgency && of.agency === "") say("right", "agency", "agency_missing");
  const rights = rightsOf(of.rights);
  if (rights.length === 0 && of.work.trim() === "") say("right", "rights", "right_missing");
  if (rights.length > 50) say("right", "rights", "too_many_rights");
  if (of.holder.trim() === "") say("right", "holder", "holder_missing");
  for (const field of ["work", "holder"] as const) if (of[field].length > MAX_NAME) say("right", field, "too_long");
  const where = places(of.where);
  if (where.bad.length > 0) say("where", "where", "where_bad");
  else if (where.links.length + where.accounts.length + of.files.length === 0) say("where", "where", "where_missing");
  if (of.files.length > filesThere) say("where", "files", "files_gone");
  if (of.place.trim() !== "" && !/^\d{6}$/.test(halfWidth(of.place).trim())) say("where", "place", "place_wrong");
  if (of.who !== "anonymous") {
    if (nameOf(of) === "") say("who", "name", "name_missing");
    if (of.contact.trim() === "") say("who", "contact", "contact_missing");
    if (of.number.trim() !== "" && !isRightNumber(of.party_kind, of.number)) say("who", "number", "number_wrong");
  }
  if (of.received_on !== "" && !(of.received_on <= today())) say("who", "received_on", "day_wrong");
  if (of.title.length > MAX_NAME) say("check", "title", "too_long");
  return found;
}

/** Who files it: a right holder need not type its own name twice. */
export function nameOf(of: Answers): string {
  return (of.name.trim() || (of.who === "right_holder" ? of.holder.trim() : "")).slice(0, MAX_NAME);
}

const RESIDENT = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/** Check digits: GB 11643 of people, GB 32100 of organisations. Passports and the like have none that is known here. */
export function isRightNumber(kind: Answers["party_kind"], typed: string): boolean {
  const text = halfWidth(typed).replace(/[\s-]/g, "").toUpperCase();
  if (kind === "natural") {
    if (!/^\d{17}[\dX]$/.test(text)) return /^[A-Z0-9]{5,20}$/.test(text) && text.length !== 18;
    const sum = RESIDENT.reduce((all, weight, at) => all + weight * Number(text[at]), 0);
    return "10X98765432"[sum % 11] === text[17];
  }
  if (text.length !== 18 || [...text].some((sign) => !CREDIT.includes(sign))) return false;
  let sum = 0;
  let weight = 1;
  for (const sign of text.slice(0, 17)) {
    sum += CREDIT.indexOf(sign) * weight;
    weight = (weight * 3) % 31;
  }
  return CREDIT[(31 - (sum % 31)) % 31] === text[17];
}

/** Parties of the ledger: who files it and whose right it is. */
export function parties(of: Answers): unknown[] {
  const steps: unknown[] = [];
  const add = (party: Record<string, unknown>) => steps.push({ do: "add_party", party });
  const isHolder = of.who === "right_holder";
  if (of.who !== "anonymous") {
    const number = halfWidth(of.number).replace(/[\s-]/g, "").toUpperCase();
    const isResident = of.party_kind === "natural";
    add({
      roles: isHolder
        ? ["complainant", "right_holder"]
        : of.who === "agent"
          ? ["complainant", "agent"]
          : ["complainant"],
      kind: of.party_kind,
      name: nameOf(of),
      ...(number
        ? {
            identifiers: [
              { kind: isResident ? (number.length === 18 ? "resident_id" : "other") : "credit_code", number },
            ],
          }
        : {}),
      contacts: [of.contact.trim().slice(0, MAX_NAME)],
      ...(of.address.trim() ? { address: of.address.trim().slice(0, MAX_NAME) } : {}),
    });
  }
  // What a right holder is, person or organisation, is known of the one who files it alone.
  if (!isHolder || nameOf(of) !== of.holder.trim())
    add({ roles: ["right_holder"], kind: "unknown", name: of.holder.trim() });
  return steps;
}

/** What goes into the matter by name; links beyond what it takes go into the list that is filed. */
export function named(of: Answers) {
  const where = places(of.where);
  const rights = rightsOf(of.rights);
  const room = MAX_NAMED - Math.max(rights.length, 1);
  const accounts = where.accounts.slice(0, room);
  const links = where.links.slice(0, room - accounts.length);
  return {
    // A work that was never registered is found by its name.
    value: { rights: rights.length > 0 ? rights : [of.work.trim()], links, accounts, platform_ids: [] },
    left: where.links.length - links.length + where.accounts.length - accounts.length,
  };
}
