// 文书: what is missing for the next step (一次性告知), papers made by the program, what is on file.
//
// Budget: everything that the next step lacks is chosen already, so that it is made with one click.
import { Alert, App, Button, Input, Modal, Table, Tag } from "antd";
import { useEffect, useRef, useState } from "react";
import { Link } from "react-router";
import { onceKey, write } from "~/api/client";
import { explain } from "~/api/problem";
import { isEnded, queries, useActs, useFiles, useJobs, useSession } from "~/api/queries";
import type { Job, Matter, Procedure } from "~/api/shapes";
import { can } from "~/app/navigation";
import { useDraft } from "~/parts/draft";
import { PaperPlace } from "~/parts/given";
import { useWords } from "~/words/words";
import { PaperPreview } from "./paper-preview";
import { beingMade, type PaperRow, papersOf, type State } from "./paper-state";
import { PaperText } from "./paper-text";
import { useSteps } from "./steps";
import "./tabs.css";
import { cleanText, isTooLong } from "./typed";

const COLOURS: Record<State, string> = {
  missing: "error",
  making: "processing",
  draft: "warning",
  not_due: "default",
  on_file: "success",
};

export function PapersTab({ matter, definition }: { matter: Matter; definition: Procedure }) {
  const { t, pick } = useWords();
  const { message } = App.useApp();
  const { data: who } = useSession();
  const acts = useActs(matter.id);
  const files = useFiles(matter.id);
  const jobs = useJobs(matter.id);
  const sending = useSteps(matter);
  const [text, setText, dropText] = useDraft(`${matter.id}.paper.text`, "");
  const [picked, setPicked] = useState<string[]>();
  const [shown, setShown] = useState<{ url: string; title: string }>();
  const [numbered, setNumbered] = useState<PaperRow>();
  const [failure, setFailure] = useState<string>();
  const [asking, setAsking] = useState(false);
  // Which paper each job of this visit makes; the job itself does not say until it has ended.
  const [known, setKnown] = useState<ReadonlyMap<string, string>>(new Map());
  const mayWrite = can(who, "write");

  const all = jobs.data ?? [];
  const ended = all.filter((job) => job.kind === "paper" && isEnded(job)).length;
  const seen = useRef(ended);
  useEffect(() => {
    if (seen.current === ended) return;
    seen.current = ended;
    void queries.invalidateQueries({ queryKey: ["matter", matter.id, "files"] });
  }, [ended, matter.id]);

  const rows = papersOf(definition, matter, acts.data, files.data ?? [], beingMade(all, known));
  const nameOf = (id: string) => pick(definition.paper.find((one) => one.id === id)?.name) || id;
  const actOf = (id: string) => pick(definition.act.find((one) => one.id === id)?.name) || id;
  const missing = rows.filter((row) => row.state === "missing");
  const drafts = rows.filter((row) => row.state === "draft");
  const chosen = picked ?? missing.filter((row) => row.isOurs).map((row) => row.id);
  const isLong = isTooLong(text, 20_000);

  const make = async (papers: string[]) => {
    setAsking(true);
    setFailure(undefined);
    const asked = new Map(known);
    try {
      for (const paper of papers) {
        const task = { kind: "paper", paper, text: cleanText(text).trim() };
        const job = await write<Job>("POST", `/api/v1/matters/${matter.id}/jobs`, { task }, { key: onceKey() });
        asked.set(job.id, paper);
      }
      void message.success(t("papers.asked", { count: papers.length }));
      setPicked([]);
      dropText();
    } catch (error) {
      setFailure(explain(error));
    } finally {
      setKnown(asked);
      setAsking(false);
      void queries.invalidateQueries({ queryKey: ["matter", matter.id, "jobs"] });
    }
  };
  const file = async (papers: Record<string, string>) => {
    const isDone = await sending.sendTo(`/api/v1/matters/${matter.id}/commands`, { command: { do: "supply", papers } });
    if (isDone) void message.success(t("papers.filed", { count: Object.keys(papers).length }));
    return isDone;
  };
  const own = all.filter((job) => known.has(job.id));
  const failed = own.filter((job) => isEnded(job) && (job.state !== "done" || job.result?.refused));

  return (
    <section className="stack" aria-label={t("papers.title")}>
      {acts.data && <Missing rows={missing} nameOf={nameOf} actOf={actOf} />}
      {(failure ?? sending.failure) && <Alert type="error" showIcon role="alert" title={failure ?? sending.failure} />}
      {own.length > 0 && (
        <output>
          <Alert
            type="info"
            title={t("papers.progress", { done: own.filter(isEnded).length, total: own.length })}
            description={failed.map((job) => (
              <div key={job.id} className="tab-bad">
                {t("papers.failed", { name: nameOf(known.get(job.id) ?? ""), why: job.error ?? job.state })}
              </div>
            ))}
          />
        </output>
      )}
      {mayWrite && (
        <div className="row no-print">
          <Button
            type="primary"
            loading={asking}
            disabled={chosen.length === 0 || isLong}
            onClick={() => void make(chosen)}
          >
            {t("papers.make_many", { count: chosen.length })}
          </Button>
          {drafts.length > 0 && (
            <Button
              loading={sending.busy}
              onClick={() => void file(Object.fromEntries(drafts.map((row) => [row.id, `file:${row.draft?.id}`])))}
            >
              {t("papers.file_many", { count: drafts.length })}
            </Button>
          )}
        </div>
      )}
      <PaperTable
        rows={rows}
        matter={matter}
        nameOf={nameOf}
        actOf={actOf}
        chosen={mayWrite ? chosen : undefined}
        onChoose={setPicked}
        onShow={setShown}
        onFile={mayWrite ? (row) => void file({ [row.id]: `file:${row.draft?.id}` }) : undefined}
        onNumber={setNumbered}
      />
      {mayWrite && <PaperText value={text} onChange={setText} isLong={isLong} />}
      {shown && <PaperPreview {...shown} onClose={() => setShown(undefined)} />}
      {numbered && (
        <NumberDialog
          name={nameOf(numbered.id)}
          busy={sending.busy}
          onClose={() => setNumbered(undefined)}
          onFile={async (number) => {
            if (await file({ [numbered.id]: number })) setNumbered(undefined);
          }}
        />
      )}
    </section>
  );
}

/** 一次性告知: everything that is missing, for which act. */
function Missing({
  rows,
  nameOf,
  actOf,
}: {
  rows: PaperRow[];
  nameOf: (id: string) => string;
  actOf: (id: string) => string;
}) {
  const { t } = useWords();
  if (rows.length === 0) return <Alert type="success" showIcon title={t("papers.nothing_missing")} />;
  return (
    <Alert
      type="warning"
      showIcon
      title={t("papers.missing")}
      description={
        <ul className="tab-list">
          {rows.map((row) => (
            <li key={row.id}>
              <strong>{nameOf(row.id)}</strong>{" "}
              <span className="quiet">
                {row.next.map((act) => t("papers.for_act", { act: actOf(act) })).join("、")}
                {!row.isOurs && ` · ${t("papers.outside")}`}
              </span>
            </li>
          ))}
        </ul>
      }
    />
  );
}

function PaperTable({
  rows,
  matter,
  nameOf,
  actOf,
  chosen,
  onChoose,
  onShow,
  onFile,
  onNumber,
}: {
  rows: PaperRow[];
  matter: Matter;
  nameOf: (id: string) => string;
  actOf: (id: string) => string;
  chosen: string[] | undefined;
  onChoose: (papers: string[]) => void;
  onShow: (shown: { url: string; title: string }) => void;
  onFile: ((row: PaperRow) => void) | undefined;
  onNumber: (row: PaperRow) => void;
}) {
  const { t, instant } = useWords();
  const content = (file: string) => `/api/v1/matters/${matter.id}/files/${file}/content`;
  const states: Record<State, string> = {
    missing: t("papers.is_missing"),
    making: t("papers.making"),
    draft: t("papers.draft"),
    not_due: t("papers.not_due"),
    on_file: t("papers.on_file"),
  };
  const show = (file: string, name: string) => (
    <Button
      type="link"
      size="small"
      aria-label={t("papers.preview_of", { name })}
      onClick={() => onShow({ url: content(file), title: name })}
    >
      {t("papers.preview")}
    </Button>
  );
  return (
    <Table<PaperRow>
      rowKey="id"
      size="middle"
      dataSource={rows}
      pagination={false}
      className="papers-wide"
      locale={{ emptyText: t("papers.empty") }}
      rowSelection={
        chosen && {
          selectedRowKeys: chosen,
          onChange: (keys) => onChoose(keys.map(String)),
          getTitleCheckboxProps: () => ({ "aria-label": t("papers.choose") }),
          getCheckboxProps: (row) => ({
            disabled: row.state === "making",
            "aria-label": t("papers.make_of", { name: nameOf(row.id) }),
          }),
        }
      }
      columns={[
        {
          title: t("papers.name"),
          render: (_, row) => (
            <>
              {nameOf(row.id)} {row.definition.outside && <Tag variant="outlined">{t("papers.outside")}</Tag>}{" "}
              {row.definition.lists === "goods" && <Tag variant="outlined">{t("papers.lists_goods")}</Tag>}
            </>
          ),
        },
        {
          title: t("papers.state"),
          render: (_, row) => (
            <Tag color={COLOURS[row.state]} variant="outlined">
              {states[row.state]}
            </Tag>
          ),
        },
        { title: t("papers.needed"), render: (_, row) => row.next.map(actOf).join("、") },
        {
          title: t("papers.where"),
          render: (_, row) => (
            <>
              {row.place && (
                <div>
                  <PaperPlace matter={matter.id} place={row.place} />{" "}
                  {row.place.startsWith("file:") && show(row.place.slice(5), nameOf(row.id))}
                </div>
              )}
              {row.draft && (
                <div>
                  <span className="quiet">{t("papers.made_at", { at: instant(row.draft.at) })}</span>{" "}
                  {show(row.draft.id, nameOf(row.id))}
                </div>
              )}
            </>
          ),
        },
        ...(onFile
          ? [
              {
                title: t("papers.actions"),
                className: "no-print",
                render: (_: unknown, row: PaperRow) => (
                  <div className="row" style={{ gap: 0 }}>
                    {row.draft && (
                      <Button
                        type="link"
                        size="small"
                        aria-label={t("papers.file_of", { name: nameOf(row.id) })}
                        onClick={() => onFile(row)}
                      >
                        {t("papers.file_it")}
                      </Button>
                    )}
                    {!row.isOurs && row.state !== "on_file" && (
                      <Link to={`/matters/${matter.id}/evidence`}>{t("papers.upload")}</Link>
                    )}
                    {row.state !== "on_file" && (
                      <Button
                        type="link"
                        size="small"
                        aria-label={t("papers.number_of", { name: nameOf(row.id) })}
                        onClick={() => onNumber(row)}
                      >
                        {t("papers.by_number")}
                      </Button>
                    )}
                  </div>
                ),
              },
            ]
          : []),
      ]}
    />
  );
}

function NumberDialog({
  name,
  busy,
  onClose,
  onFile,
}: {
  name: string;
  busy: boolean;
  onClose: () => void;
  onFile: (number: string) => Promise<void>;
}) {
  const { t } = useWords();
  const [number, setNumber] = useState("");
  const clean = cleanText(number).trim();
  return (
    <Modal
      open
      title={t("papers.number_of", { name })}
      okText={t("papers.file_it")}
      cancelText={t("frame.cancel")}
      okButtonProps={{ disabled: !clean, loading: busy }}
      onOk={() => void onFile(clean)}
      onCancel={onClose}
    >
      <label htmlFor="paper-number">{t("papers.number")}</label>
      <Input
        id="paper-number"
        autoFocus
        maxLength={200}
        value={number}
        onChange={(event) => setNumber(event.target.value)}
        onPressEnter={() => clean && void onFile(clean)}
      />
    </Modal>
  );
}
