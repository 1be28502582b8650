// What who filed has to bring, or can: each a file that is there, a new one, or a number; handed in together.
//
// Invariant: nothing counts as handed in before the server has it; what was chosen stays when it was refused.
import { UploadOutlined } from "@ant-design/icons";
import { Alert, App, Button, Card, Input, Select } from "antd";
import { useEffect, useMemo, useRef, useState } from "react";
import { onceKey, write } from "~/api/client";
import { filed } from "~/api/place";
import { touched } from "~/api/queries";
import type { Filing } from "~/api/shapes";
import { useDraft } from "~/parts/draft";
import { FactInput } from "~/parts/facts";
import { useNames } from "~/parts/names";
import { Trouble } from "~/parts/trouble";
import { uploads, useUploads } from "~/parts/uploads";
import { useWords } from "~/words/words";
import { askedAct, type Bring, type Brought, commandOf, givenOf, NOTHING, type Wanted, wanted } from "./wanted";

/** What is missing, with its names; nothing as long as the procedure is not there, or where it has ended. */
export function useMissing(filing: Filing) {
  const { pick } = useWords();
  const definition = useNames().definition(filing.procedure, filing.procedure_version);
  return useMemo(() => {
    if (!definition || filing.status === "closed") return undefined;
    const { papers, facts } = wanted(filing, definition);
    const named = <T extends Wanted>(one: T) => ({ ...one, name: pick(one.name) });
    return { papers: papers.map(named), facts: facts.map(named) };
  }, [filing, definition, pick]);
}

export function Supply({ filing }: { filing: Filing }) {
  const { t, pick } = useWords();
  const { message } = App.useApp();
  const missing = useMissing(filing);
  const place = filed(filing.id);
  const [kept, keep, clear] = useDraft<Brought>(`filing.${filing.id}`, NOTHING);
  const [sending, setSending] = useState<Record<string, string>>({});
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [isEmpty, setEmpty] = useState(false);
  const items = useUploads(place);
  const asked = askedAct(filing);

  useEffect(() => {
    // A file that was sent for a paper is chosen for it as soon as it is there.
    const ended = Object.entries(sending).flatMap(([paper, key]) => {
      const item = items.find((one) => one.key === key);
      return !item || item.state === "done" || item.state === "cancelled" ? [{ paper, file: item?.file }] : [];
    });
    if (ended.length === 0) return;
    const papers = { ...kept.papers };
    const rest = { ...sending };
    for (const { paper, file } of ended) {
      if (file) papers[paper] = { by: "file", file };
      delete rest[paper];
    }
    setSending(rest);
    keep({ ...kept, papers });
  }, [sending, items, kept, keep]);

  if (!missing) return null;
  const { papers, facts } = missing;
  const isWanted = [...papers, ...facts].some((one) => one.isNeeded);
  if (papers.length + facts.length === 0 && !asked)
    return <Alert type="success" showIcon title={t("filings.now.done")} className="no-print" />;

  const files = [
    ...filing.files.filter((one) => !one.withdrawn).map((one) => ({ id: one.id, name: one.name })),
    ...items.flatMap((one) =>
      one.file && !filing.files.some((file) => file.id === one.file) ? [{ id: one.file, name: one.name }] : [],
    ),
  ];
  const bring = (id: string, how: Bring | undefined) => {
    setEmpty(false);
    keep({ ...kept, papers: { ...kept.papers, [id]: how } });
  };
  const handIn = async () => {
    setError(undefined);
    const { papers: chosen, facts: stated } = givenOf(kept);
    // An act that was asked for and needs no paper may be done as it is.
    if (!chosen && !stated && (!asked || isWanted)) return setEmpty(true);
    setBusy(true);
    try {
      const body = { command: commandOf(filing, kept) };
      await write("POST", `/api/v1/filings/${filing.id}/commands`, body, { version: filing.version, key: onceKey() });
      clear();
      keep(NOTHING);
      clear();
      message.success(t("filings.now.handed_in"));
    } catch (failed) {
      setError(failed);
    } finally {
      setBusy(false);
      touched(place);
    }
  };
  const reason = asked && filing.told.findLast((one) => one.reason)?.reason;
  return (
    <Card
      className={asked ? "filing-asked no-print" : "no-print"}
      title={t(asked ? "filings.now.asked" : isWanted ? "filings.now.wanted" : "filings.now.more")}
    >
      <div className="stack">
        {reason && <Alert type="warning" showIcon title={reason} />}
        <div className="quiet">{t("filings.now.why")}</div>
        {papers.map((one) => (
          <PaperField
            key={one.id}
            wanted={one}
            files={files}
            value={kept.papers[one.id]}
            isSending={one.id in sending}
            onChange={(how) => bring(one.id, how)}
            onFile={(file) => {
              const [key] = uploads.add(place, [{ file, kind: "evidence" }]);
              if (key) setSending((now) => ({ ...now, [one.id]: key }));
            }}
          />
        ))}
        {facts.map((one) => (
          <div key={one.id} className="filing-field">
            <label htmlFor={`fact-${one.id}`}>{one.name}</label>
            <FactInput
              id={`fact-${one.id}`}
              kind={one.kind}
              value={kept.facts[one.id]}
              onChange={(value) => keep({ ...kept, facts: { ...kept.facts, [one.id]: value } })}
            />
          </div>
        ))}
        {isEmpty && <Alert type="error" showIcon role="alert" title={t("filings.now.nothing")} />}
        <Trouble error={error} />
        <div className="row">
          <Button
            type="primary"
            size="large"
            loading={isBusy}
            disabled={Object.keys(sending).length > 0}
            onClick={() => void handIn()}
          >
            {asked ? pick(asked.name) : t("filings.now.supply")}
          </Button>
        </div>
      </div>
    </Card>
  );
}

function PaperField({
  wanted: of,
  files,
  value,
  isSending,
  onChange,
  onFile,
}: {
  wanted: Wanted<string>;
  files: { id: string; name: string }[];
  value: Bring | undefined;
  isSending: boolean;
  onChange: (how: Bring | undefined) => void;
  onFile: (file: File) => void;
}) {
  const { t } = useWords();
  const input = useRef<HTMLInputElement>(null);
  return (
    <div className="filing-field">
      <span className="filing-label">
        {of.name} {of.isThere && <span className="quiet">{t("filings.now.handed_in")}</span>}
      </span>
      <div className="row">
        <Select
          aria-label={t("filings.now.file_of", { name: of.name })}
          placeholder={t("filings.now.choose")}
          style={{ minWidth: 280, flex: "1 1 280px" }}
          allowClear
          showSearch={{ optionFilterProp: "label" }}
          options={[
            ...files.map((one) => ({ value: `file:${one.id}`, label: one.name })),
            { value: "number", label: t("filings.now.number") },
          ]}
          value={value?.by === "file" ? `file:${value.file}` : value?.by}
          onChange={(picked: string | undefined) => {
            if (!picked) onChange(undefined);
            else if (picked === "number") onChange({ by: "number", text: "" });
            else onChange({ by: "file", file: picked.slice("file:".length) });
          }}
        />
        {value?.by === "number" && (
          <Input
            aria-label={t("filings.now.number_of", { name: of.name })}
            style={{ flex: "1 1 200px" }}
            maxLength={300}
            value={value.text}
            onChange={(event) => onChange({ by: "number", text: event.target.value })}
          />
        )}
        <Button
          icon={<UploadOutlined aria-hidden="true" />}
          loading={isSending}
          aria-label={t("filings.now.upload_of", { name: of.name })}
          onClick={() => input.current?.click()}
        >
          {t("filings.now.upload")}
        </Button>
        <input
          ref={input}
          type="file"
          hidden
          aria-label={t("filings.now.upload_of", { name: of.name })}
          onChange={(event) => {
            const file = event.target.files?.[0];
            // Taken back at once, so that the same file can be chosen again.
            event.target.value = "";
            if (file && file.size > 0) onFile(file);
          }}
        />
      </div>
      {isSending && (
        <div className="quiet" role="status">
          {t("filings.now.sending")}
        </div>
      )}
    </div>
  );
}
