// Files of the matter that this one follows from: taken over, with where they came from on record.
import { Alert, Button, Card, Table } from "antd";
import { useState } from "react";
import { write } from "~/api/client";
import { explain } from "~/api/problem";
import { touched, useFiles } from "~/api/queries";
import type { FileView } from "~/api/shapes";
import { Shown } from "~/parts/broken";
import { useWords } from "~/words/words";

export function TakeOver({ matter, parent, files }: { matter: string; parent: string; files: FileView[] }) {
  const { t, maybe, size } = useWords();
  const there = useFiles(parent);
  const [chosen, setChosen] = useState<string[]>([]);
  const [done, setDone] = useState<number>();
  const [error, setError] = useState<unknown>();
  const taken = new Set(files.map((one) => one.copy_of));

  const take = async () => {
    setError(undefined);
    let left = chosen;
    try {
      // One after the other, so that what broke off is still chosen and nothing is taken over twice.
      for (const [at, file] of chosen.entries()) {
        setDone(at);
        await write("POST", `/api/v1/matters/${matter}/files`, { matter: parent, file });
        left = left.filter((one) => one !== file);
        setChosen(left);
      }
    } catch (failed) {
      setError(failed);
    } finally {
      setDone(undefined);
      touched(matter);
    }
  };

  return (
    <Card size="small" title={t("evidence.take.title")}>
      <div className="stack">
        <Shown of={there}>
          {(found) => (
            <Table<FileView>
              rowKey="id"
              size="small"
              dataSource={found.filter((one) => !one.withdrawn)}
              pagination={found.length > 50 ? { pageSize: 50, showSizeChanger: false } : false}
              rowSelection={{
                selectedRowKeys: chosen,
                onChange: (keys) => setChosen(keys.map(String)),
                getCheckboxProps: (row) => ({
                  disabled: taken.has(row.id),
                  "aria-label": t("evidence.take.choose", { name: row.name }),
                }),
              }}
              columns={[
                { key: "name", title: t("evidence.name"), render: (_, row) => row.name },
                {
                  key: "kind",
                  title: t("evidence.kind"),
                  render: (_, row) => maybe(`uploads.kind.${row.kind}`, row.kind),
                },
                { key: "size", title: t("evidence.size"), align: "right", render: (_, row) => size(row.size_bytes) },
                {
                  key: "taken",
                  title: t("evidence.take.state"),
                  render: (_, row) => (taken.has(row.id) ? t("evidence.take.taken") : ""),
                },
              ]}
            />
          )}
        </Shown>
        {error !== undefined && <Alert type="error" showIcon title={explain(error)} />}
        <div className="row">
          <Button
            type="primary"
            disabled={chosen.length === 0}
            loading={done !== undefined}
            onClick={() => void take()}
          >
            {t("evidence.take.do", { count: chosen.length })}
          </Button>
        </div>
      </div>
    </Card>
  );
}
