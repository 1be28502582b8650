// Copies a text; on plain HTTP browsers have no clipboard, and the old way is taken.
import { CopyOutlined } from "@ant-design/icons";
import { App, Button } from "antd";
import { useWords } from "~/words/words";

async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "hidden-text";
    document.body.append(area);
    area.select();
    try {
      return document.execCommand("copy");
    } catch {
      return false;
    } finally {
      area.remove();
    }
  }
}

export function useCopy(): (text: string) => Promise<void> {
  const { t } = useWords();
  const { message } = App.useApp();
  return async (text) => {
    if (await toClipboard(text)) message.success(t("sheet.copied"));
    else message.warning(t("sheet.not_copied"));
  };
}

export function CopyButton({ text, words, small }: { text: string; words?: string; small?: boolean }) {
  const { t } = useWords();
  const copy = useCopy();
  return (
    <Button size={small ? "small" : "middle"} icon={<CopyOutlined />} onClick={() => void copy(text)}>
      {words ?? t("sheet.copy")}
    </Button>
  );
}
