// The form of a task, new or changed.
import { AutoComplete, Form, Select } from "antd";
import { useAgencies, useSession } from "~/api/queries";
import type { Ledger, Matter, Task, TaskEntry } from "~/api/shapes";
import { useNames } from "~/parts/names";
import { Several } from "~/parts/several";
import { useWords } from "~/words/words";
import { EntryDrawer } from "./entry-drawer";
import { DayField, filled, goodsOptions, LineField, partyOptions, RemarkField } from "./fields";
import { cleanLine } from "./typed";

function taskOf(values: Task, own: string): Task {
  return filled<Task>({
    ...values,
    title: cleanLine(values.title),
    note: values.note?.trim(),
    assignee: values.of_agency && values.of_agency !== own ? undefined : values.assignee?.trim(),
  });
}

export function TaskForm({
  matter,
  ledger,
  entry,
  onClose,
}: {
  matter: Matter;
  ledger: Ledger;
  entry?: TaskEntry | undefined;
  onClose: () => void;
}) {
  const { t, pick, compare } = useWords();
  const names = useNames();
  const { data: who } = useSession();
  const { data: agencies } = useAgencies();
  const own = who?.agency ?? matter.owner_agency;
  const people = [...new Set([who?.user ?? "", ...(own === matter.owner_agency ? (matter.handlers ?? []) : [])])]
    .filter(Boolean)
    .map((user) => ({ value: user, label: names.person(`${own}/${user}`) }));
  return (
    <EntryDrawer<Task>
      matter={matter}
      title={entry ? t("ledger.task.change", { id: entry.id }) : t("ledger.task.add")}
      draft={entry ? `task.${entry.id}` : "task"}
      initial={entry?.task ?? { of_agency: own }}
      steps={(values) => {
        const task = taskOf(values, own);
        return [entry ? { do: "change_task", id: entry.id, task } : { do: "add_task", task }];
      }}
      onClose={onClose}
    >
      {(form) => (
        <div className="tab-fields">
          <LineField name="title" label={t("ledger.task.what")} required className="wide" />
          <RemarkField name="note" label={t("ledger.task.note")} className="wide" />
          <Form.Item name="of_agency" label={t("ledger.task.of_agency")}>
            <Select
              showSearch
              optionFilterProp="label"
              options={(agencies ?? [])
                .map((agency) => ({ value: agency.code, label: pick(agency.names) }))
                .sort((left, right) => compare(left.label, right.label))}
            />
          </Form.Item>
          <Form.Item noStyle shouldUpdate={(before: Task, after: Task) => before.of_agency !== after.of_agency}>
            {() => {
              const isOther = (form.getFieldValue("of_agency") ?? own) !== own;
              return (
                <Form.Item
                  name="assignee"
                  label={t("ledger.task.assignee")}
                  extra={isOther && t("ledger.task.other_agency_hint")}
                >
                  <AutoComplete disabled={isOther} options={people} allowClear placeholder={t("ledger.task.nobody")} />
                </Form.Item>
              );
            }}
          </Form.Item>
          <DayField name="due_on" label={t("ledger.task.due_on")} />
          <Form.Item name="about" label={t("ledger.task.about")}>
            <Several
              optionFilterProp="label"
              maxCount={50}
              options={[...partyOptions(ledger), ...goodsOptions(ledger)]}
            />
          </Form.Item>
        </div>
      )}
    </EntryDrawer>
  );
}
