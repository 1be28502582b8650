// Usual phrases (常用语) of one person, in this browser.
import { useState } from "react";
import { useSession } from "~/api/queries";
import { useWords } from "~/words/words";

const KEY = "quanlian.phrases.";
const MOST = 30;

export function usePhrases(): { phrases: string[]; add: (text: string) => void; drop: (text: string) => void } {
  const { t } = useWords();
  const { data: who } = useSession();
  const key = KEY + (who?.id ?? "nobody");
  const [own, setOwn] = useState<string[] | undefined>(() => {
    try {
      const read: unknown = JSON.parse(window.localStorage.getItem(key) ?? "null");
      return Array.isArray(read) ? read.map(String) : undefined;
    } catch {
      return undefined;
    }
  });
  // Until somebody changes them they are those of the house, in the language of the reader.
  const phrases = own ?? (["agree", "crime", "supply", "refuse"] as const).map((one) => t(`papers.phrase.${one}`));
  const put = (next: string[]) => {
    const few = [...new Set(next)].slice(0, MOST);
    setOwn(few);
    try {
      window.localStorage.setItem(key, JSON.stringify(few));
    } catch {
      // A full store: they hold until the tab is closed.
    }
  };
  return {
    phrases,
    add: (text) => put([text, ...phrases]),
    drop: (text) => put(phrases.filter((one) => one !== text)),
  };
}
