// What a matter holds as files, each with what proves it; bringing more, taking over, bundling.
//
// Invariant: nothing is deleted; what was withdrawn stays in sight with its reason.
import { DownloadOutlined, EyeOutlined, FileZipOutlined, ImportOutlined, UploadOutlined } from "@ant-design/icons";
import { Alert, Button, Card, Input, Segmented, Table, Tag } from "antd";
import { useMemo, useState } from "react";
import { useSearchParams } from "react-router";
import { download } from "~/api/content";
import { explain } from "~/api/problem";
import { useFiles, useProcedures, useSession } from "~/api/queries";
import type { FileView } from "~/api/shapes";
import { can } from "~/app/navigation";
import { Empty, Shown } from "~/parts/broken";
import { useNames } from "~/parts/names";
import { UploadList, Uploads, useUploads } from "~/parts/uploads";
import { useWords } from "~/words/words";
import type { TabOf } from "../matter";
import { Bundling } from "./evidence/bundling";
import { FileDrawer } from "./evidence/file-drawer";
import { LookedAt } from "./evidence/looked-at";
import { TakeOver } from "./evidence/take-over";

export function EvidenceTab({ matter, definition }: TabOf) {
  const { t } = useWords();
  const { data: who } = useSession();
  const files = useFiles(matter.id);
  const running = useUploads(matter.id);
  const [open, setOpen] = useState<"upload" | "take" | "bundle" | undefined>();
  const parent = matter.state?.parent;
  const isClosed = matter.status === "closed";
  const press = (what: typeof open) => setOpen(open === what ? undefined : what);
  return (
    <div className="stack">
      <div className="row no-print">
        {can(who, "write") && !isClosed && (
          <Button
            type="primary"
            icon={<UploadOutlined aria-hidden="true" />}
            aria-expanded={open === "upload"}
            onClick={() => press("upload")}
          >
            {t("evidence.upload")}
          </Button>
        )}
        {can(who, "write") && !isClosed && parent && (
          <Button
            icon={<ImportOutlined aria-hidden="true" />}
            aria-expanded={open === "take"}
            onClick={() => press("take")}
          >
            {t("evidence.take.open")}
          </Button>
        )}
        {can(who, "export") && (
          <Button
            icon={<FileZipOutlined aria-hidden="true" />}
            aria-expanded={open === "bundle"}
            onClick={() => press("bundle")}
          >
            {t("evidence.bundle.open")}
          </Button>
        )}
      </div>
      {open === "upload" ? (
        <Card size="small" title={t("evidence.upload")}>
          <Uploads matter={matter.id} usual={definition.id === "complaint-intake" ? "suspect" : "evidence"} />
        </Card>
      ) : (
        running.length > 0 && <UploadList matter={matter.id} />
      )}
      {open === "take" && parent && <TakeOver matter={matter.id} parent={parent} files={files.data ?? []} />}
      {open === "bundle" && <Bundling matter={matter.id} files={files.data ?? []} />}
      <Shown of={files}>{(found) => <Files matter={matter.id} files={found} definition={definition} />}</Shown>
      {can(who, "share") && matter.owner_agency === who?.agency && <LookedAt matter={matter.id} />}
    </div>
  );
}

function Files({ matter, files, definition }: { matter: string; files: FileView[]; definition: TabOf["definition"] }) {
  const { t, maybe, pick, size, instant, number, compare } = useWords();
  const names = useNames();
  const { data: procedures } = useProcedures();
  const [asked, setAsked] = useSearchParams();
  const [error, setError] = useState<unknown>();
  const kind = asked.get("kind") ?? "all";
  const text = asked.get("find") ?? "";
  const shownFile = files.find((one) => one.id === asked.get("file"));
  const set = (name: string, value: string) =>
    setAsked(
      (now) => {
        if (value === "" || value === "all") now.delete(name);
        else now.set(name, value);
        return now;
      },
      { replace: name !== "file" },
    );

  const kinds = useMemo(() => {
    const counted = new Map<string, number>();
    for (const one of files) counted.set(one.kind, (counted.get(one.kind) ?? 0) + 1);
    return [...counted];
  }, [files]);
  const found = files.filter(
    (one) =>
      (kind === "all" || one.kind === kind) &&
      (text === "" || `${one.name} ${one.sha256} ${one.receipt?.sm3 ?? ""}`.toLowerCase().includes(text.toLowerCase())),
  );
  // A paper that was taken over is one of the procedure that it comes from.
  const paperOf = (id: string) =>
    pick([definition, ...(procedures ?? [])].flatMap((one) => one.paper).find((one) => one.id === id)?.name) || id;
  const kindOf = (code: string) => maybe(`uploads.kind.${code}`, code);

  if (files.length === 0) return <Empty>{t("evidence.empty")}</Empty>;
  return (
    <>
      <div className="row no-print">
        <Segmented
          aria-label={t("evidence.kind")}
          value={kind}
          onChange={(value) => set("kind", value)}
          options={[
            { value: "all", label: `${t("frame.all")} ${number(files.length)}` },
            ...kinds.map(([code, count]) => ({ value: code, label: `${kindOf(code)} ${number(count)}` })),
          ]}
        />
        <Input.Search
          allowClear
          defaultValue={text}
          aria-label={t("evidence.find")}
          placeholder={t("evidence.find")}
          onSearch={(value) => set("find", value.trim())}
          style={{ maxWidth: 320 }}
        />
      </div>
      {error !== undefined && <Alert type="error" showIcon title={explain(error)} />}
      <Table<FileView>
        rowKey="id"
        size="middle"
        dataSource={found}
        scroll={{ x: "max-content" }}
        locale={{ emptyText: t("frame.empty") }}
        pagination={found.length > 100 ? { pageSize: 100, showSizeChanger: false } : false}
        rowClassName={(row) => (row.withdrawn ? "evidence-withdrawn" : "")}
        columns={[
          {
            key: "name",
            title: t("evidence.name"),
            sorter: (one, two) => compare(one.name, two.name),
            render: (_, row) => (
              <div className="evidence-name">
                <Button type="link" className="evidence-open" onClick={() => set("file", row.id)}>
                  {row.name}
                </Button>
                {row.paper && <div className="quiet">{paperOf(row.paper)}</div>}
                {row.withdrawn && <Tag color="default">{t("evidence.withdrawn")}</Tag>}
              </div>
            ),
          },
          {
            key: "kind",
            title: t("evidence.kind"),
            width: 120,
            sorter: (one, two) => compare(kindOf(one.kind), kindOf(two.kind)),
            render: (_, row) => kindOf(row.kind),
          },
          {
            key: "size",
            title: t("evidence.size"),
            width: 110,
            align: "right",
            sorter: (one, two) => one.size_bytes - two.size_bytes,
            render: (_, row) => <span className="number">{size(row.size_bytes)}</span>,
          },
          {
            key: "receipt",
            title: t("evidence.deposited"),
            width: 210,
            sorter: (one, two) => (one.receipt?.log_index ?? -1) - (two.receipt?.log_index ?? -1),
            render: (_, row) =>
              row.receipt ? (
                <>
                  {instant(row.receipt.deposited_at)}{" "}
                  <span className="quiet number">{t("evidence.entry", { index: row.receipt.log_index })}</span>
                </>
              ) : (
                <span className="quiet">{t("evidence.waits")}</span>
              ),
          },
          {
            key: "by",
            title: t("evidence.by"),
            width: 150,
            render: (_, row) => (
              <>
                {names.person(row.by)}
                <div className="quiet">{instant(row.at)}</div>
              </>
            ),
          },
          {
            key: "do",
            title: <span className="hidden-text">{t("frame.more")}</span>,
            width: 100,
            className: "no-print",
            render: (_, row) => (
              <div className="row" style={{ flexWrap: "nowrap" }}>
                <Button
                  size="small"
                  icon={<EyeOutlined aria-hidden="true" />}
                  aria-label={t("evidence.look_at", { name: row.name })}
                  onClick={() => set("file", row.id)}
                />
                <Button
                  size="small"
                  icon={<DownloadOutlined aria-hidden="true" />}
                  aria-label={t("evidence.download_of", { name: row.name })}
                  onClick={() => download(matter, row).then(() => setError(undefined), setError)}
                />
              </div>
            ),
          },
        ]}
      />
      <FileDrawer matter={matter} file={shownFile} onClose={() => set("file", "")} />
    </>
  );
}
