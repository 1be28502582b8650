// An address that leads nowhere.
import { Result } from "antd";
import { Link } from "react-router";
import { useWords } from "~/words/words";

export function Component() {
  const { t } = useWords();
  return (
    <Result
      status="404"
      icon={<span />}
      title={t("frame.nowhere")}
      extra={<Link to="/">{t("frame.nav.workbench")}</Link>}
    />
  );
}
