// A reason and nothing else: taking something back, ending, taking up again.
import type { Matter } from "~/api/shapes";
import { useWords } from "~/words/words";
import { EntryDrawer } from "./entry-drawer";
import { RemarkField } from "./fields";
import type { Step } from "./steps";

export function ReasonForm({
  matter,
  title,
  draft,
  label,
  submit,
  isNeeded = true,
  step,
  onClose,
}: {
  matter: Matter;
  title: string;
  draft: string;
  label?: string;
  submit: string;
  isNeeded?: boolean;
  step: (why: string) => Step;
  onClose: () => void;
}) {
  const { t } = useWords();
  return (
    <EntryDrawer<{ why?: string }>
      matter={matter}
      title={title}
      draft={draft}
      initial={{}}
      submit={submit}
      steps={({ why }) => [step(why?.trim() ?? "")]}
      onClose={onClose}
    >
      <RemarkField
        name="why"
        label={label ?? t("ledger.why")}
        extra={isNeeded && t("ledger.why_hint")}
        required={isNeeded}
      />
    </EntryDrawer>
  );
}
