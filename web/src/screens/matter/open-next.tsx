// The matters that follow from this one: a filed complaint becomes an investigation, an investigation a transfer.
import { Alert, Button, Drawer, Dropdown, Form, Input, Space } from "antd";
import { useState } from "react";
import { useNavigate } from "react-router";
import { json, onceKey, write } from "~/api/client";
import { explain, Problem } from "~/api/problem";
import { queries, useFiles, useProcedures, useSession } from "~/api/queries";
import type { FileView, Matter, Procedure } from "~/api/shapes";
import { can } from "~/app/navigation";
import { useLackWords } from "~/parts/lacks";
import { useWords } from "~/words/words";
import { ActForm } from "./act-form";
import { type Answers, asksOfOpening, begin, fieldsOf, given } from "./asked";

/** The procedures that the acts so far say may follow. */
function following(matter: Matter, definition: Procedure): string[] {
  const acted = new Set(matter.state?.history.map((past) => past.act));
  return [...new Set(definition.act.filter((act) => acted.has(act.id)).flatMap((act) => act.opens))];
}

export function OpenNext({ matter, definition }: { matter: Matter; definition: Procedure }) {
  const { t, pick } = useWords();
  const { data: who } = useSession();
  const { data: procedures } = useProcedures();
  const [chosen, setChosen] = useState<Procedure>();
  const next = following(matter, definition)
    .map((id) => procedures?.filter((one) => one.id === id).at(-1))
    .filter((one): one is Procedure => one !== undefined);
  if (!can(who, "open") || next.length === 0) return null;
  return (
    <>
      {next.length === 1 && next[0] ? (
        <Button onClick={() => setChosen(next[0])}>{t("matter.open_next", { name: pick(next[0].name) })}</Button>
      ) : (
        <Dropdown
          trigger={["click"]}
          menu={{ items: next.map((one) => ({ key: one.id, label: pick(one.name), onClick: () => setChosen(one) })) }}
        >
          <Button>{t("matter.open_next_of")}</Button>
        </Dropdown>
      )}
      {chosen && <OpenSheet parent={matter} definition={chosen} onClose={() => setChosen(undefined)} />}
    </>
  );
}

interface SheetProps {
  parent: Matter;
  definition: Procedure;
  onClose: () => void;
}

function OpenSheet(props: SheetProps) {
  const { pick } = useWords();
  const files = useFiles(props.parent.id);
  return (
    <Drawer open size={680} onClose={props.onClose} title={pick(props.definition.name)} destroyOnHidden>
      {files.data && <Opening {...props} files={files.data} />}
    </Drawer>
  );
}

function Opening({ parent, definition, onClose, files }: SheetProps & { files: FileView[] }) {
  const { t } = useWords();
  const { data: who } = useSession();
  const navigate = useNavigate();
  const lackWords = useLackWords();
  const { act, asks } = asksOfOpening(definition);
  const fields = { ...fieldsOf(asks, act), makes: [] };
  const others = (parent.handlers ?? []).filter((one) => one !== who?.user);
  const [title, setTitle] = useState(parent.title ?? "");
  const [answers, setAnswers] = useState<Answers>(() => {
    const first = begin(fields, definition, act, [], others);
    // What this follows from is on paper in the matter before: its number stands for the papers that it brings.
    for (const id of fields.papers) first.papers[id] = { by: "number", text: parent.number };
    for (const id of Object.keys(parent.state?.facts ?? {})) {
      const known = parent.state?.facts[id]?.value;
      if (fields.facts.includes(id) && known) first.facts[id] = known;
    }
    return { ...first, persons: others };
  });
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [key] = useState(onceKey);

  const go = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const body = {
        procedure: definition.id,
        title: title.trim(),
        parent: parent.id,
        given: given(answers, {}),
        ...(answers.persons.length > 0 ? { with: answers.persons } : {}),
        ...(answers.happened ? { happened: answers.happened } : {}),
      };
      const opened = await write<Matter>("POST", "/api/v1/matters", body, { key });
      const handlers = [...new Set([who?.user ?? "", ...others])].filter((one) => one !== "");
      await write(
        "PUT",
        `/api/v1/matters/${opened.id}/assignment`,
        { title: title.trim(), unit: opened.owner_unit ?? who?.unit ?? null, handlers },
        { version: opened.version },
      ).catch(
        // The matter is there; who else works on it can be said on its screen.
        () => undefined,
      );
      await takeOver(parent, opened, files);
      void queries.invalidateQueries({ queryKey: ["matters"] });
      onClose();
      navigate(`/matters/${opened.id}`);
    } catch (failed) {
      setError(failed);
    } finally {
      setBusy(false);
    }
  };
  const lacks = error instanceof Problem ? (error.body.lacks ?? []) : [];
  return (
    <div className="stack">
      <p className="quiet">{t("matter.open_next_why", { number: parent.number })}</p>
      {error !== undefined && (
        <Alert
          type="error"
          showIcon
          role="alert"
          title={explain(error)}
          description={
            lacks.length > 0 && (
              <ul>
                {lacks.map((lack) => (
                  <li key={`${lack.code} ${lack.subject ?? ""}`}>{lackWords(lack)}</li>
                ))}
              </ul>
            )
          }
        />
      )}
      <Form layout="vertical" component="div">
        <Form.Item label={t("frame.matter.title")} htmlFor="open-title" required>
          <Input id="open-title" maxLength={300} value={title} onChange={(event) => setTitle(event.target.value)} />
        </Form.Item>
      </Form>
      <ActForm definition={definition} act={act} fields={fields} answers={answers} onChange={setAnswers} files={[]} />
      <Space>
        <Button type="primary" loading={busy} disabled={title.trim() === ""} onClick={() => void go()}>
          {t("matter.open")}
        </Button>
        <Button onClick={onClose}>{t("frame.cancel")}</Button>
      </Space>
    </div>
  );
}

/** Brings what was on file before: all but papers, as far as the opener may take copies out. */
async function takeOver(parent: Matter, opened: Matter, files: FileView[]): Promise<void> {
  for (const file of files) {
    if (file.withdrawn || file.kind === "paper") continue;
    try {
      await json(`/api/v1/matters/${opened.id}/files`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ matter: parent.id, file: file.id }),
      });
    } catch {
      // One that may not be taken stays where it is; the evidence tab shows what came over.
      return;
    }
  }
}
