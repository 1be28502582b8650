// The assessment of a matter as a page of its own.
import { Link, useParams } from "react-router";
import { useMatter } from "~/api/queries";
import { Page } from "~/parts/page";
import { useWords } from "~/words/words";
import { Assessments } from "./whole";

export function Component() {
  const { t } = useWords();
  const { id = "" } = useParams();
  const { data: matter } = useMatter(id);
  return (
    <Page
      title={matter ? t("law.of_matter", { number: matter.number }) : t("law.title")}
      actions={<Link to={`/matters/${id}/law`}>{t("law.back")}</Link>}
    >
      <Assessments matter={id} />
    </Page>
  );
}
