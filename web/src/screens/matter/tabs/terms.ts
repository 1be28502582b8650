// Codes of the ledger in words, and words back to codes (for pasted tables), as the server names them.
import { useMemo } from "react";
import { useTerms } from "~/api/queries";
import { useWords } from "~/words/words";

/** Groups of `/terms`. */
export type Group =
  | "party_role"
  | "party_kind"
  | "identifier"
  | "goods_kind"
  | "goods_measure"
  | "price_basis"
  | "movement"
  | "task_end"
  | "verdict"
  | "action";

export interface LedgerTerms {
  /** The words of a code; one that the server does not name stands as it is. */
  name: (group: Group, code: string | null | undefined) => string;
  options: (group: Group) => { value: string; label: string }[];
  /** The code of a word in either language, or of the code itself. */
  code: (group: Group, word: string) => string | undefined;
}

const plain = (text: string) => text.toLowerCase().replace(/[\s、，,（）()/_-]/g, "");

export function useLedgerTerms(): LedgerTerms {
  const { pick } = useWords();
  const { data } = useTerms();
  return useMemo(() => {
    const all = (group: Group) => data?.terms[group] ?? [];
    return {
      name: (group, code) => (code ? pick(all(group).find((one) => one.word === code)) || code : ""),
      options: (group) => all(group).map((one) => ({ value: one.word, label: pick(one) })),
      code: (group, word) => {
        const sought = plain(word);
        const found =
          all(group).find((one) => [one.word, one.zh, one.en].some((name) => plain(name) === sought)) ??
          // 查封、扣押 and the like: a part of the word is enough where one code alone has it.
          only(all(group).filter((one) => sought.length >= 2 && plain(one.zh).includes(sought)));
        return found?.word;
      },
    };
  }, [data, pick]);
}

function only<T>(found: T[]): T | undefined {
  return found.length === 1 ? found[0] : undefined;
}
