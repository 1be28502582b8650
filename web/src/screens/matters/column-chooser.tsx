// Which columns are shown; kept per person in this browser.
import { TableOutlined } from "@ant-design/icons";
import { Button, Checkbox, Popover } from "antd";
import { useWords } from "~/words/words";
import { type ColumnKey, type MatterColumn, USUAL } from "./columns";

interface Props {
  columns: MatterColumn[];
  shown: ColumnKey[];
  onChange: (shown: ColumnKey[]) => void;
}

export function ColumnChooser({ columns, shown, onChange }: Props) {
  const { t } = useWords();
  return (
    <Popover
      trigger="click"
      placement="bottomRight"
      title={t("matters.columns")}
      content={
        <div className="matters-columns">
          <Checkbox.Group
            value={shown}
            options={columns.map((column) => ({
              value: column.key,
              label: column.title,
              // What a row is opened by stays.
              disabled: column.key === "number",
            }))}
            onChange={(next) => onChange(next as ColumnKey[])}
          />
          <Button size="small" onClick={() => onChange(USUAL)}>
            {t("matters.columns_usual")}
          </Button>
        </div>
      }
    >
      <Button icon={<TableOutlined />}>{t("matters.columns")}</Button>
    </Popover>
  );
}
