// What is shown once and never again: secrets, tokens, recovery codes. It goes away when somebody says that it is kept.
import { PrinterOutlined } from "@ant-design/icons";
import { Alert, Button, Checkbox, Modal } from "antd";
import { useState } from "react";
import { useWords } from "~/words/words";
import { CopyButton } from "./copy";
import "./once.css";

interface Props {
  title: string;
  why: string;
  secrets: string[] | undefined;
  onDone: () => void;
}

export function ShownOnce({ title, why, secrets, onDone }: Props) {
  const { t } = useWords();
  const [isKept, setKept] = useState(false);
  const close = () => {
    setKept(false);
    onDone();
  };
  return (
    <Modal
      open={secrets !== undefined}
      title={title}
      closable={false}
      mask={{ closable: false }}
      keyboard={false}
      className="once"
      footer={
        <Button type="primary" disabled={!isKept} onClick={close}>
          {t("frame.close")}
        </Button>
      }
    >
      <Alert type="warning" showIcon title={why} />
      <ul className="once-secrets" aria-label={title}>
        {secrets?.map((secret) => (
          <li key={secret}>
            <code>{secret}</code>
          </li>
        ))}
      </ul>
      <div className="row no-print">
        <CopyButton text={(secrets ?? []).join("\n")} />
        <Button icon={<PrinterOutlined />} onClick={() => window.print()}>
          {t("frame.print")}
        </Button>
      </div>
      <p className="no-print">
        <Checkbox checked={isKept} onChange={(event) => setKept(event.target.checked)}>
          {t("account.once.kept")}
        </Checkbox>
      </p>
    </Modal>
  );
}
