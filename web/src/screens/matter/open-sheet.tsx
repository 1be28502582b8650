// Opening a matter of a procedure: by itself, or as what follows from another one.
import { App, Button, Drawer, Form, Input, Space } from "antd";
import { useState } from "react";
import { useNavigate } from "react-router";
import { onceKey, write } from "~/api/client";
import { queries, useFiles, useSession } from "~/api/queries";
import type { FileView, Matter, Procedure } from "~/api/shapes";
import { Shown } from "~/parts/broken";
import { Trouble } from "~/parts/trouble";
import { useWords } from "~/words/words";
import { ActForm } from "./act-form";
import { type Answers, asksOfOpening, begin, fieldsOf, given } from "./asked";

interface SheetProps {
  parent?: Matter | undefined;
  definition: Procedure;
  onClose: () => void;
}

export function OpenSheet(props: SheetProps) {
  const { pick } = useWords();
  return (
    <Drawer open size={680} onClose={props.onClose} title={pick(props.definition.name)} destroyOnHidden>
      {props.parent ? <WithFiles {...props} parent={props.parent} /> : <Opening {...props} files={[]} />}
    </Drawer>
  );
}

function WithFiles(props: SheetProps & { parent: Matter }) {
  const files = useFiles(props.parent.id);
  return <Shown of={files}>{(all) => <Opening {...props} files={all} />}</Shown>;
}

function Opening({ parent, definition, onClose, files }: SheetProps & { files: FileView[] }) {
  const { t } = useWords();
  const { data: who } = useSession();
  const navigate = useNavigate();
  const { message } = App.useApp();
  const { act, asks } = asksOfOpening(definition);
  const fields = { ...fieldsOf(asks, act), makes: [] };
  const others = (parent?.handlers ?? []).filter((one) => one !== who?.user);
  const [title, setTitle] = useState(parent?.title ?? "");
  const [answers, setAnswers] = useState<Answers>(() => {
    const first = begin(fields, definition, act, [], others);
    // What this follows from is on paper in the matter before: its number stands for the papers that it brings.
    for (const id of parent ? fields.papers : []) first.papers[id] = { by: "number", text: parent?.number ?? "" };
    for (const id of Object.keys(parent?.state?.facts ?? {})) {
      const known = parent?.state?.facts[id]?.value;
      if (fields.facts.includes(id) && known) first.facts[id] = known;
    }
    // Who worked on the matter before need not be who may stand beside the opener here: nobody is guessed.
    return { ...first, persons: fields.persons.length > 0 ? [] : others };
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
        ...(parent ? { parent: parent.id } : {}),
        given: given(answers, {}),
        ...(answers.persons.length > 0 ? { with: answers.persons } : {}),
        ...(answers.happened ? { happened: answers.happened } : {}),
      };
      const opened = await write<Matter>("POST", "/api/v1/matters", body, { key });
      const handlers = [...new Set([who?.user ?? "", ...answers.persons, ...others])].filter((one) => one !== "");
      await write(
        "PUT",
        `/api/v1/matters/${opened.id}/assignment`,
        { title: title.trim(), unit: opened.owner_unit ?? who?.unit ?? null, handlers },
        { version: opened.version },
      ).catch(
        // The matter is there; who else works on it can be said on its screen.
        () => undefined,
      );
      const left = parent ? await takeOver(parent, opened, files) : 0;
      if (left > 0) message.warning(t("matter.left_behind", { count: left }), 8);
      void queries.invalidateQueries({ queryKey: ["matters"] });
      onClose();
      navigate(`/matters/${opened.id}`);
    } catch (failed) {
      setError(failed);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="stack">
      {parent && <p className="quiet">{t("matter.open_next_why", { number: parent.number })}</p>}
      <Trouble error={error} />
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

/** Brings what was on file before: all but papers, as far as the opener may take copies out; tells how many stayed. */
async function takeOver(parent: Matter, opened: Matter, files: FileView[]): Promise<number> {
  let left = 0;
  for (const file of files) {
    if (file.withdrawn || file.kind === "paper") continue;
    try {
      await write("POST", `/api/v1/matters/${opened.id}/files`, { matter: parent.id, file: file.id });
    } catch {
      left += 1;
    }
  }
  return left;
}
