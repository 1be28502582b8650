import { Page } from "~/parts/page";
import { useWords } from "~/words/words";

export function Component() {
  const { t } = useWords();
  return <Page title={t("frame.nav.matters")}>{null}</Page>;
}
