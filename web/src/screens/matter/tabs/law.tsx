// What the law says of a matter, as its tab; alone on a page it is printed without the rest.
import { Link } from "react-router";
import { Assessments } from "~/screens/law/whole";
import { useWords } from "~/words/words";
import type { TabOf } from "../matter";

export function LawTab({ matter }: TabOf) {
  const { t } = useWords();
  return (
    <div className="stack">
      <div className="no-print">
        <Link to={`/matters/${matter.id}/assessment`}>{t("law.alone")}</Link>
      </div>
      <Assessments matter={matter.id} />
    </div>
  );
}
