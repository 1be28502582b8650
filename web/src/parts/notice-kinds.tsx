// Of which kinds notices are told outside: lights of clocks, and templates that acts send. None chosen means all.
import { useMemo } from "react";
import { useProcedures } from "~/api/queries";
import { Several } from "~/parts/several";
import { useWords } from "~/words/words";

const LIGHTS = ["yellow", "red", "overdue", "overdue_1", "overdue_3", "overdue_7"];

interface Props {
  id?: string;
  value?: string[];
  onChange?: (kinds: string[]) => void;
}

export function useKindWords(): (kind: string) => string {
  const { maybe } = useWords();
  return (kind) => maybe(`notices.light.${kind}`, maybe(`notices.template.${kind.replace(/^notice\./, "")}`, kind));
}

export function NoticeKinds({ id, value, onChange }: Props) {
  const { t, compare } = useWords();
  const { data: procedures } = useProcedures();
  const words = useKindWords();
  const templates = useMemo(
    () => [
      ...new Set(
        (procedures ?? []).flatMap((one) => one.act.flatMap((act) => act.notices ?? [])).map((one) => one.template),
      ),
    ],
    [procedures],
  );
  return (
    <Several
      id={id}
      allowClear
      value={value}
      onChange={onChange}
      showSearch={{ optionFilterProp: "label" }}
      placeholder={t("account.mail.all_kinds")}
      options={[
        { label: t("account.mail.lights"), options: LIGHTS.map((kind) => ({ value: kind, label: words(kind) })) },
        {
          label: t("account.mail.acts"),
          options: templates
            .map((kind) => ({ value: kind, label: words(kind) }))
            .sort((a, b) => compare(a.label, b.label)),
        },
      ]}
    />
  );
}
