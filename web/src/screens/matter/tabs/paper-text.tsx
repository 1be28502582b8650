// What somebody writes into papers, with the phrases that they use often.
import { CloseOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Card, Input } from "antd";
import { useWords } from "~/words/words";
import { usePhrases } from "./phrases";

const SHOWN = 40;

export function PaperText({
  value,
  onChange,
  isLong,
}: {
  value: string;
  onChange: (text: string) => void;
  isLong: boolean;
}) {
  const { t } = useWords();
  const { phrases, add, drop } = usePhrases();
  const text = value.trim();
  return (
    <Card size="small" className="no-print" title={<label htmlFor="paper-text">{t("papers.text")}</label>}>
      <Input.TextArea
        id="paper-text"
        rows={8}
        status={isLong ? "error" : ""}
        aria-describedby="paper-text-hint"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      <div id="paper-text-hint" className={isLong ? "tab-bad" : "quiet"}>
        {t(isLong ? "papers.too_long" : "papers.text_hint")}
      </div>
      <div className="row" style={{ marginTop: 12 }}>
        <strong>{t("papers.usual")}</strong>
        <Button
          size="small"
          icon={<PlusOutlined />}
          disabled={!text || phrases.includes(text)}
          onClick={() => add(text)}
        >
          {t("papers.usual_add")}
        </Button>
      </div>
      <ul className="tab-plain-list">
        {phrases.map((phrase) => (
          <li key={phrase} className="row" style={{ flexWrap: "nowrap" }}>
            <Button
              type="link"
              size="small"
              className="tab-phrase"
              aria-label={t("papers.usual_put", { phrase: phrase.slice(0, SHOWN) })}
              onClick={() => onChange(text ? `${value.trimEnd()}\n${phrase}` : phrase)}
            >
              {phrase}
            </Button>
            <Button
              type="text"
              size="small"
              icon={<CloseOutlined />}
              aria-label={t("papers.usual_drop", { phrase: phrase.slice(0, SHOWN) })}
              onClick={() => drop(phrase)}
            />
          </li>
        ))}
      </ul>
    </Card>
  );
}
