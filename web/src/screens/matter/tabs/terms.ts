// Codes of the ledger in words, and words back to codes (for pasted tables): one list of each kind, in the order of the crate.
import { useMemo } from "react";
import { useWords } from "~/words/words";

export const TERMS = {
  party_role: [
    "complainant",
    "right_holder",
    "suspect",
    "respondent",
    "agent",
    "representative",
    "witness",
    "appraiser",
    "platform",
    "third",
  ],
  party_kind: ["natural", "sole_trader", "legal", "organisation", "unknown"],
  identifier_kind: ["resident_id", "credit_code", "passport", "other"],
  goods_kind: ["infringing", "mark", "tool", "material", "medium", "books", "other"],
  measure: ["seized", "sealed_up", "registered", "sampled", "handed_in"],
  basis: ["marked", "sold_average", "market_middle", "assessed", "contract", "stated"],
  movement_kind: ["stored", "sent", "taken_back", "handed_over", "returned", "destroyed", "sold", "lost"],
  task_end: ["done", "dropped"],
} as const;

export type TermKind = keyof typeof TERMS;

export interface Terms {
  /** The words of a code; a code of a newer server stands as it is. */
  name: (kind: TermKind, code: string | null | undefined) => string;
  options: (kind: TermKind) => { value: string; label: string }[];
  /** The code of a word in the language of the reader, or of the code itself. */
  code: (kind: TermKind, word: string) => string | undefined;
}

export function useTerms(): Terms {
  const { maybe } = useWords();
  return useMemo(() => {
    const name: Terms["name"] = (kind, code) => (code ? maybe(`ledger.${kind}.${code}`, code) : "");
    return {
      name,
      options: (kind) => TERMS[kind].map((code) => ({ value: code, label: name(kind, code) })),
      code: (kind, word) => {
        const plain = (text: string) => text.toLowerCase().replace(/[\s、，,（）()/_-]/g, "");
        const sought = plain(word);
        const codes: readonly string[] = TERMS[kind];
        return (
          codes.find((code) => plain(code) === sought || plain(name(kind, code)) === sought) ??
          // 查封、扣押 and the like: a part of the word is enough where one code alone has it.
          only(codes.filter((code) => sought.length >= 2 && plain(name(kind, code)).includes(sought)))
        );
      },
    };
  }, [maybe]);
}

function only<T>(found: T[]): T | undefined {
  return found.length === 1 ? found[0] : undefined;
}
