// Filing: the matter is opened once, then come the parties and the files. Who complains to another agency files with it; parties are that
// agency's to enter, from the letter.
//
// Invariant: each step may be sent again. The matter is opened under a key that stays with the draft, so a lost answer opens no second one; what
// came through is remembered in the draft, and the rest goes on from there.
import type { Kind } from "~/api/chosen";
import { json, write } from "~/api/client";
import { Problem } from "~/api/problem";
import type { Filing, Given, Ledger, Matter } from "~/api/shapes";
import { halfWidth, today } from "~/words/format";
import { type Answers, named, parties } from "./answers";

const ZONE = "+08:00";

const PROCEDURE = "complaint-intake";

/** What somebody states who complains, wherever it goes. */
function given(of: Answers, letter: string): Given {
  const place = halfWidth(of.place).trim();
  return {
    facts: {
      subject: { text: of.subject },
      named_informant: { flag: of.who !== "anonymous" },
      ...(place ? { place_of_act: { text: place } } : {}),
    },
    papers: { complaint_letter: of.letter.trim() || letter },
  };
}

/** What is asked of `POST /matters`, by whoever receives for the own agency. */
export function opening(of: Answers, title: string, letter: string): Record<string, unknown> {
  return {
    procedure: PROCEDURE,
    title,
    given: given(of, letter),
    named: named(of).value,
    // A letter that lay there since yesterday: clocks run from the day on which it came.
    ...(of.received_on && of.received_on !== today() ? { happened: `${of.received_on}T09:00:00${ZONE}` } : {}),
  };
}

/** What is asked of `POST /filings`, by whoever complains to another agency: it counts as received now, and has no letter on paper. */
export function outside(of: Answers, title: string, letter: string): Record<string, unknown> {
  return {
    at: of.agency,
    procedure: PROCEDURE,
    title,
    given: given({ ...of, letter: "" }, letter),
    named: named(of).value,
  };
}

export async function open(of: Answers, title: string, letter: string): Promise<Matter> {
  if (of.opened) return json<Matter>(`/api/v1/matters/${of.opened}`);
  return write<Matter>("POST", "/api/v1/matters", opening(of, title, letter), { key: of.key });
}

export async function fileOutside(of: Answers, title: string, letter: string): Promise<Filing> {
  if (of.opened) return json<Filing>(`/api/v1/filings/${of.opened}`);
  return write<Filing>("POST", "/api/v1/filings", outside(of, title, letter), { key: of.key });
}

/** Enters the parties, once: whoever stands there already is not entered again. */
export async function enterParties(of: Answers, matter: Matter): Promise<void> {
  const steps = parties(of);
  if (steps.length === 0) return;
  const ledger = await json<Ledger>(`/api/v1/matters/${matter.id}/ledger`);
  if (ledger.parties.length > 0) return;
  await write(
    "POST",
    `/api/v1/matters/${matter.id}/ledger`,
    { steps },
    {
      version: matter.version,
      key: `${of.key}-parties`,
    },
  );
}

/** The letter and, where more places were pasted than a matter names, all of them: files beside those that were chosen. */
export function written(
  of: Answers,
  letter: { name: string; text: string },
  list: string,
): { file: File; kind: Kind }[] {
  const text = (name: string, content: string) =>
    new File([`\ufeff${content}`], name, { type: "text/plain", lastModified: 0 });
  const made: { file: File; kind: Kind }[] = [{ file: text(letter.name, letter.text), kind: "evidence" }];
  if (named(of).left > 0) made.push({ file: text(list, of.where), kind: "evidence" });
  return made;
}

export function isRefusedKey(error: unknown): boolean {
  // The draft was changed after an answer got lost: the key belongs to what was sent before.
  return error instanceof Problem && error.code === "request_key_reused";
}
