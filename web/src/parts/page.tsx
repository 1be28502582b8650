// The head of a screen: its one title, what can be done there, print, its section of the manual.
import { PrinterOutlined, QuestionCircleOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { type ReactNode, useEffect } from "react";
import { Link, useLocation } from "react-router";
import { sectionFor } from "~/screens/help/manual";
import { useWords } from "~/words/words";

export function Page({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  const { t } = useWords();
  const { pathname } = useLocation();
  useEffect(() => {
    document.title = `${title} · ${t("frame.name")}`;
  }, [title, t]);
  return (
    <>
      <div className="page-head">
        <h1>{title}</h1>
        <div className="row no-print">
          {actions}
          <Button icon={<PrinterOutlined />} onClick={() => window.print()}>
            {t("frame.print")}
          </Button>
          <Link className="page-help" to={`/help?topic=${sectionFor(pathname)}`} aria-label={t("help.for_screen")}>
            <QuestionCircleOutlined /> {t("help.for_screen")}
          </Link>
        </div>
      </div>
      {children}
    </>
  );
}
