// How the manual is built: sections of plain text, one module for each language with the same sections in the same order.
export type Block =
  | string
  | { steps: string[] }
  | { list: string[] }
  | { head: string }
  | { go: string; words: string };

export type Group = "begin" | "matter" | "screens" | "ground" | "system";
export const GROUPS: Group[] = ["begin", "matter", "screens", "ground", "system"];

export interface Section {
  id: string;
  group: Group;
  title: string;
  text: Block[];
}

/** All words of a block, for search. */
export function wordsOf(block: Block): string {
  if (typeof block === "string") return block;
  if ("steps" in block) return block.steps.join("\n");
  if ("list" in block) return block.list.join("\n");
  if ("head" in block) return block.head;
  return block.words;
}

/** Sections that hold every word that was typed: those with it in the title first; with a piece of text around the first word. */
export function find(sections: Section[], typed: string): { section: Section; piece: string }[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const found = sections.flatMap((section) => {
    const text = [section.title, ...section.text.map(wordsOf)].join("\n");
    const plain = text.toLowerCase();
    if (!words.every((word) => plain.includes(word))) return [];
    const at = plain.indexOf(words[0] ?? "", section.title.length);
    const from = Math.max(0, at - 24);
    const piece = at < 0 ? "" : `${from > 0 ? "…" : ""}${text.slice(from, at + 60).replaceAll("\n", " ")}…`;
    const isTitle = words.some((word) => section.title.toLowerCase().includes(word));
    return [{ section, piece, isTitle }];
  });
  return found.sort((left, right) => Number(right.isTitle) - Number(left.isTitle));
}

const FIRST_PART: Record<string, string> = {
  "": "workbench",
  filings: "intake",
  law: "rules",
  accounts: "administration",
  agencies: "administration",
  webhooks: "administration",
};

/** The section about the page at an address. */
export function sectionFor(pathname: string): string {
  const [first = "", second, third] = pathname.split("/").filter(Boolean);
  if (first === "matters" && third) return { review: "matches", law: "assessment", summary: "matter" }[third] ?? third;
  if (first === "matters" && second) return "matter";
  return FIRST_PART[first] ?? (first === "help" ? "start" : first);
}
