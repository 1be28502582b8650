// What is missing for an act, in words.
import type { Lack } from "~/api/shapes";
import { type Names, useWords } from "~/words/words";

export function useLackWords(): (lack: Lack & { message?: Names; text?: Names }) => string {
  const { t, pick } = useWords();
  return (lack) => {
    const said = pick(lack.message ?? lack.text);
    if (said) return said;
    return t("matter.lack", { code: lack.code, name: pick(lack.name) || lack.subject || "" });
  };
}
