// 任务: what is to be done in a matter beside the acts of its procedure.
import { PlusOutlined } from "@ant-design/icons";
import { Alert, Button, Dropdown, Segmented, Table, Tag } from "antd";
import { useState } from "react";
import { useLedger, useSession } from "~/api/queries";
import type { Ledger, Matter, Procedure, TaskEntry } from "~/api/shapes";
import { can } from "~/app/navigation";
import { Shown } from "~/parts/broken";
import { DueOn } from "~/parts/lights";
import { useNames } from "~/parts/names";
import { useWords } from "~/words/words";
import { goodsLabel, labelOf } from "./fields";
import { Findings, findingsOf } from "./findings";
import { ReasonForm } from "./reason-form";
import { useSteps } from "./steps";
import "./tabs.css";
import { TaskForm } from "./task-form";
import { useLedgerTerms } from "./terms";

type Open = { what: "add" } | { what: "change" | "done" | "dropped" | "reopen"; entry: TaskEntry };

export function TasksTab({ matter }: { matter: Matter; definition: Procedure }) {
  return <Shown of={useLedger(matter.id)}>{(ledger) => <Tasks matter={matter} ledger={ledger} />}</Shown>;
}

function Tasks({ matter, ledger }: { matter: Matter; ledger: Ledger }) {
  const { t } = useWords();
  const { data: who } = useSession();
  const [open, setOpen] = useState<Open>();
  const [which, setWhich] = useState<"open" | "all">("open");
  const mayWrite = can(who, "write");
  const close = () => setOpen(undefined);
  const rows = ledger.tasks
    .filter((entry) => which === "all" || !entry.ended)
    // Those due first; those without a day last.
    .sort((left, right) => (left.task.due_on ?? "9999").localeCompare(right.task.due_on ?? "9999"));
  return (
    <section className="stack" aria-label={t("ledger.task.title")}>
      <div className="row no-print" style={{ justifyContent: "space-between" }}>
        <div>
          {mayWrite && (
            <Button type="primary" icon={<PlusOutlined />} onClick={() => setOpen({ what: "add" })}>
              {t("ledger.task.add")}
            </Button>
          )}
        </div>
        <Segmented
          aria-label={t("ledger.task.state")}
          value={which}
          onChange={setWhich}
          options={[
            { value: "open", label: `${t("ledger.task.open")} ${ledger.tasks.filter((one) => !one.ended).length}` },
            { value: "all", label: `${t("ledger.task.all")} ${ledger.tasks.length}` },
          ]}
        />
      </div>
      <Findings of={findingsOf(ledger.findings, "T")} />
      <TaskTable
        matter={matter}
        ledger={ledger}
        rows={rows}
        empty={t(ledger.tasks.length > 0 ? "ledger.task.none" : "ledger.task.empty")}
        onOpen={mayWrite ? setOpen : undefined}
      />
      {open?.what === "add" && <TaskForm matter={matter} ledger={ledger} onClose={close} />}
      {open?.what === "change" && <TaskForm matter={matter} ledger={ledger} entry={open.entry} onClose={close} />}
      {(open?.what === "done" || open?.what === "dropped") && (
        <EndForm matter={matter} id={open.entry.id} how={open.what} onClose={close} />
      )}
      {open?.what === "reopen" && (
        <ReasonForm
          matter={matter}
          title={t("ledger.task.reopen_of", { id: open.entry.id })}
          draft={`task.${open.entry.id}.reopen`}
          submit={t("ledger.task.reopen")}
          step={(why) => ({ do: "reopen_task", id: open.entry.id, why })}
          onClose={close}
        />
      )}
    </section>
  );
}

function TaskTable({
  matter,
  ledger,
  rows,
  empty,
  onOpen,
}: {
  matter: Matter;
  ledger: Ledger;
  rows: TaskEntry[];
  empty: string;
  onOpen?: ((open: Open) => void) | undefined;
}) {
  const { t, day, instant } = useWords();
  const names = useNames();
  const terms = useLedgerTerms();
  const { data: who } = useSession();
  const sending = useSteps(matter);
  const about = (id: string) => {
    const party = ledger.parties.find((entry) => entry.id === id);
    const goods = ledger.goods.find((entry) => entry.id === id);
    return `${id} ${party ? labelOf(party.party) : goods ? goodsLabel(goods.goods) : ""}`;
  };
  const take = (entry: TaskEntry) =>
    sending.send([{ do: "change_task", id: entry.id, task: { ...entry.task, assignee: who?.user } }]);
  return (
    <>
      {sending.failure && <Alert type="error" showIcon role="alert" title={sending.failure} />}
      <Table<TaskEntry>
        rowKey="id"
        size="middle"
        dataSource={rows}
        pagination={rows.length > 100 ? { pageSize: 100, showSizeChanger: false } : false}
        scroll={{ x: "max-content" }}
        locale={{ emptyText: empty }}
        columns={[
          { title: t("ledger.id"), dataIndex: "id", width: 64, className: "number" },
          {
            title: t("ledger.task.what"),
            render: (_, { task }) => (
              <>
                <div>{task.title}</div>
                {task.note && <div className="quiet">{task.note}</div>}
              </>
            ),
          },
          {
            title: t("ledger.task.about"),
            render: (_, { task }) => task.about?.map((id) => <div key={id}>{about(id)}</div>),
          },
          {
            title: t("ledger.task.assignee"),
            render: (_, entry) => {
              const { task, ended } = entry;
              if (task.assignee) return names.person(`${task.of_agency ?? matter.owner_agency}/${task.assignee}`);
              const isOwn = (task.of_agency ?? who?.agency) === who?.agency;
              return (
                <>
                  <div className="quiet">
                    {isOwn ? t("ledger.task.nobody") : `${names.agency(task.of_agency)} · ${t("ledger.task.nobody")}`}
                  </div>
                  {onOpen && isOwn && !ended && (
                    <Button
                      className="no-print"
                      type="link"
                      size="small"
                      style={{ padding: 0 }}
                      loading={sending.busy}
                      aria-label={`${t("ledger.task.assign_me")} ${entry.id}`}
                      onClick={() => void take(entry)}
                    >
                      {t("ledger.task.assign_me")}
                    </Button>
                  )}
                </>
              );
            },
          },
          {
            title: t("ledger.task.due_on"),
            render: (_, { task, ended }) => (ended ? day(task.due_on) : <DueOn on={task.due_on ?? null} />),
          },
          {
            title: t("ledger.task.state"),
            render: (_, { ended, is_overdue }) =>
              ended ? (
                <>
                  <Tag variant="outlined">{terms.name("task_end", ended.how)}</Tag>
                  <div className="quiet">
                    {t("ledger.task.ended", { who: names.person(ended.mark.by), at: instant(ended.mark.at) })}
                  </div>
                  {ended.note && <div>{ended.note}</div>}
                </>
              ) : is_overdue ? (
                <span className="tab-bad">! {t("ledger.task.overdue")}</span>
              ) : (
                t("ledger.task.open")
              ),
          },
          ...(onOpen
            ? [
                {
                  title: t("ledger.actions"),
                  width: 140,
                  className: "no-print",
                  render: (_: unknown, entry: TaskEntry) => <Actions entry={entry} onOpen={onOpen} />,
                },
              ]
            : []),
        ]}
      />
    </>
  );
}

function Actions({ entry, onOpen }: { entry: TaskEntry; onOpen: (open: Open) => void }) {
  const { t } = useWords();
  if (entry.ended) {
    return (
      <Button
        type="link"
        size="small"
        aria-label={t("ledger.task.reopen_of", { id: entry.id })}
        onClick={() => onOpen({ what: "reopen", entry })}
      >
        {t("ledger.task.reopen")}
      </Button>
    );
  }
  return (
    <div className="row" style={{ gap: 0, flexWrap: "nowrap" }}>
      <Button
        type="link"
        size="small"
        aria-label={t("ledger.task.done_of", { id: entry.id })}
        onClick={() => onOpen({ what: "done", entry })}
      >
        {t("ledger.task.done")}
      </Button>
      <Dropdown
        trigger={["click"]}
        menu={{
          items: [
            { key: "change", label: t("ledger.task.change_it") },
            { key: "dropped", label: t("ledger.task.drop"), danger: true },
          ],
          onClick: ({ key }) => onOpen({ what: key as "change" | "dropped", entry }),
        }}
      >
        <Button type="link" size="small" aria-label={`${t("frame.more")} ${entry.id}`}>
          {t("frame.more")}
        </Button>
      </Dropdown>
    </div>
  );
}

function EndForm({
  matter,
  id,
  how,
  onClose,
}: {
  matter: Matter;
  id: string;
  how: "done" | "dropped";
  onClose: () => void;
}) {
  const { t } = useWords();
  return (
    <ReasonForm
      matter={matter}
      title={t(how === "done" ? "ledger.task.done_of" : "ledger.task.drop_of", { id })}
      draft={`task.${id}.${how}`}
      label={t("ledger.task.note")}
      submit={t(how === "done" ? "ledger.task.done" : "ledger.task.drop")}
      isNeeded={false}
      step={(note) => ({ do: "end_task", id, how, ...(note && { note }) })}
      onClose={onClose}
    />
  );
}
