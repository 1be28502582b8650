// What somebody can go to, by what their roles may do.
//
// A screen that a person could only be refused at is not offered. Parts of the chain that are not built have no entry.
import type { Who } from "~/api/queries";
import type { MessageKey } from "~/words/keys";

export interface Entry {
  path: string;
  words: MessageKey;
  /** Any of these rights; nobody needs one where there is none. */
  needs?: string[];
}

export interface Section {
  words: MessageKey;
  entries: Entry[];
}

export const SECTIONS: Section[] = [
  {
    words: "frame.section.work",
    entries: [
      { path: "/", words: "frame.nav.workbench" },
      { path: "/intake", words: "frame.nav.intake", needs: ["open"] },
      { path: "/filings", words: "filings.title", needs: ["follow"] },
      { path: "/matters", words: "frame.nav.matters", needs: ["clocks", "read"] },
      { path: "/transfer", words: "frame.nav.transfer", needs: ["write", "hand_over"] },
      { path: "/hits", words: "frame.nav.hits", needs: ["hit"] },
      { path: "/verify", words: "frame.nav.verify" },
    ],
  },
  {
    words: "frame.section.knowledge",
    entries: [
      { path: "/law", words: "frame.nav.law" },
      { path: "/procedures", words: "frame.nav.procedures" },
      { path: "/indicators", words: "frame.nav.indicators", needs: ["indicators"] },
    ],
  },
  {
    words: "frame.section.installation",
    entries: [
      { path: "/accounts", words: "frame.nav.accounts", needs: ["accounts"] },
      { path: "/agencies", words: "frame.nav.agencies", needs: ["agencies"] },
      { path: "/webhooks", words: "frame.nav.webhooks", needs: ["webhooks"] },
      { path: "/audit", words: "frame.nav.audit", needs: ["audit"] },
    ],
  },
];

export function can(who: Who | null | undefined, ...rights: string[]): boolean {
  return who !== null && who !== undefined && rights.some((right) => right in who.may);
}

/** Whether somebody files with other agencies; who receives for an agency files there, whatever else they may do. */
export function filesOutside(who: Who | null | undefined): boolean {
  return can(who, "follow") && !who?.roles.includes("intake_clerk");
}

export function sectionsFor(who: Who): Section[] {
  return SECTIONS.map((section) => ({
    ...section,
    entries: section.entries.filter((entry) => !entry.needs || can(who, ...entry.needs)),
  })).filter((section) => section.entries.length > 0);
}
