// An act, asked for at once: everything it needs on one sheet, proposed where it is known; what is missing is told together.
//
// What was typed is kept as a draft until the act is done: a conflict, a lost session or a closed tab loses nothing.
import { Alert, App, Progress as Bar, Button, Drawer, Space } from "antd";
import { useRef, useState } from "react";
import { touched, useFiles, useSession } from "~/api/queries";
import type { ActChoice, FileView, Matter, Procedure } from "~/api/shapes";
import { Shown } from "~/parts/broken";
import { useDraft } from "~/parts/draft";
import { Trouble } from "~/parts/trouble";
import { useWords } from "~/words/words";
import { ActForm } from "./act-form";
import { type Answers, begin, fieldsOf } from "./asked";
import { type Progress, perform } from "./perform";

interface Props {
  matter: Matter;
  definition: Procedure;
  choice: ActChoice;
  onClose: () => void;
}

export function ActDialog(props: Props) {
  const { pick } = useWords();
  const files = useFiles(props.matter.id);
  return (
    <Drawer open size={680} onClose={props.onClose} title={pick(props.choice.name)} destroyOnHidden>
      <Shown of={files}>{(all) => <Sheet {...props} files={all} />}</Shown>
    </Drawer>
  );
}

function Sheet({ matter, definition, choice, onClose, files }: Props & { files: FileView[] }) {
  const { t, pick } = useWords();
  const { data: who } = useSession();
  const { message } = App.useApp();
  const act = definition.act.find((one) => one.id === choice.act);
  const fields = fieldsOf(choice.asks, act);
  const others = (matter.handlers ?? []).filter((one) => one !== who?.user);
  const [answers, setAnswers, clear, isRestored] = useDraft<Answers>(
    `act.${matter.id}.${choice.act}`,
    begin(fields, definition, act, files, others),
  );
  const [progress, setProgress] = useState<Progress>();
  const [error, setError] = useState<unknown>();
  const made = useRef<Record<string, string>>({});
  const chain = definition.chain.find((one) => one.id === act?.chain);

  const go = async () => {
    setError(undefined);
    setProgress({ done: 0, total: 1 });
    try {
      await perform(matter, choice.act, answers, made.current, setProgress);
      clear();
      message.success(t(chain ? "matter.proposed" : "matter.done", { act: pick(choice.name) }));
      onClose();
    } catch (failed) {
      setError(failed);
    } finally {
      setProgress(undefined);
      touched(matter.id);
    }
  };

  return (
    <div className="stack">
      {isRestored && (
        <Alert
          type="info"
          showIcon
          title={t("matter.draft_restored")}
          action={
            <Button
              size="small"
              onClick={() => {
                clear();
                setAnswers(begin(fields, definition, act, files, others));
              }}
            >
              {t("matter.draft_drop")}
            </Button>
          }
        />
      )}
      {chain && <Alert type="info" showIcon title={t("matter.needs_approval", { chain: pick(chain.name) })} />}
      <Trouble error={error} />
      <ActForm
        definition={definition}
        act={act}
        fields={fields}
        answers={answers}
        onChange={setAnswers}
        files={files}
        matter={matter}
      />
      <Space className="act-foot">
        <Button type="primary" loading={progress !== undefined} onClick={() => void go()}>
          {t("matter.confirm", { act: pick(choice.name) })}
        </Button>
        <Button onClick={onClose}>{t("frame.cancel")}</Button>
        {progress && progress.total > 1 && (
          <span role="status" className="row">
            <Bar
              type="circle"
              size={24}
              percent={Math.round((progress.done / progress.total) * 100)}
              showInfo={false}
            />
            {t("matter.making", { done: progress.done, total: progress.total - 1 })}
          </span>
        )}
      </Space>
    </div>
  );
}
