// What is shown, as a file: CSV or a workbook.
import { DownloadOutlined } from "@ant-design/icons";
import { App, Button, Dropdown } from "antd";
import { useState } from "react";
import { explain } from "~/api/problem";
import { useSession } from "~/api/queries";
import { useWords } from "~/words/words";
import { type Sheet, saveSheet } from "./sheet";

/** `sheet` gathers the rows when they are asked for; `undefined` where the person gave it up. */
export function ExportButton({
  sheet,
  disabled,
}: {
  sheet: () => Sheet | undefined | Promise<Sheet | undefined>;
  disabled?: boolean;
}) {
  const { t, instant } = useWords();
  const { message } = App.useApp();
  const { data: who } = useSession();
  const [busy, setBusy] = useState(false);
  const save = async (as: "csv" | "xlsx") => {
    setBusy(true);
    try {
      const made = await sheet();
      if (!made) return;
      const by: [string, string][] = [
        [t("sheet.by"), `${who?.name ?? ""} (${who?.login ?? ""})`],
        [t("sheet.at"), instant(new Date().toISOString())],
        [t("sheet.rows"), `${made.rows.length}`],
      ];
      await saveSheet({ ...made, about: [...(made.about ?? []), ...by], aboutName: t("sheet.about") }, as);
      message.success(t("sheet.saved", { count: made.rows.length }));
    } catch (error) {
      message.error(explain(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dropdown
      trigger={["click"]}
      disabled={disabled || busy}
      menu={{
        items: [
          { key: "xlsx", label: t("sheet.xlsx") },
          { key: "csv", label: t("sheet.csv") },
        ],
        onClick: ({ key }) => void save(key === "csv" ? "csv" : "xlsx"),
      }}
    >
      <Button icon={<DownloadOutlined />} loading={busy} disabled={disabled}>
        {t("sheet.export")}
      </Button>
    </Dropdown>
  );
}
