// The head of a screen: its one title, what can be done there, print.
import { PrinterOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { type ReactNode, useEffect } from "react";
import { useWords } from "~/words/words";

export function Page({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  const { t } = useWords();
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
        </div>
      </div>
      {children}
    </>
  );
}
