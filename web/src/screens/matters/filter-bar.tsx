// What the list of matters is narrowed by; each change is in the address at once.
import { AutoComplete, DatePicker, Form, Input, Segmented, Select } from "antd";
import dayjs from "dayjs";
import { useEffect, useMemo, useState } from "react";
import { usePeople, useProcedures, useSession } from "~/api/queries";
import { today } from "~/words/format";
import { useWords } from "~/words/words";
import { type Filter, STATUSES } from "./filter";

interface Props {
  filter: Filter;
  onChange: (patch: Filter) => void;
  /** Whom the rows that are loaded name. */
  handlers: string[];
}

export function FilterBar({ filter, onChange, handlers }: Props) {
  const { t, pick, compare } = useWords();
  const { data: procedures } = useProcedures();
  const { data: who } = useSession();
  const { data: people } = usePeople(undefined, Boolean(who));

  const ofProcedures = useMemo(() => {
    const newest = new Map((procedures ?? []).map((one) => [one.id, pick(one.name)]));
    return [...newest].map(([value, label]) => ({ value, label })).sort((a, b) => compare(a.label, b.label));
  }, [procedures, pick, compare]);
  // One code may stand in several procedures, under another name in each.
  const ofStages = useMemo(() => {
    const found = new Map<string, Set<string>>();
    for (const procedure of procedures ?? []) {
      if (filter.procedure && procedure.id !== filter.procedure) continue;
      for (const stage of procedure.stage) {
        const names = found.get(stage.id) ?? new Set();
        found.set(stage.id, names.add(pick(stage.name)));
      }
    }
    return [...found]
      .map(([value, names]) => ({ value, label: [...names].slice(0, 3).join(" / ") }))
      .sort((a, b) => compare(a.label, b.label));
  }, [procedures, filter.procedure, pick, compare]);
  const ofPeople = useMemo(() => {
    const known = (people ?? []).filter((one) => one.id.startsWith(`${who?.agency}/`));
    const names = new Map(known.map((one) => [one.id.slice(one.id.indexOf("/") + 1), one.name]));
    for (const one of handlers) if (!names.has(one)) names.set(one, one);
    if (who) names.delete(who.user);
    const others = [...names].map(([value, name]) => ({
      value,
      label: name === value ? value : `${name}（${value}）`,
    }));
    return [
      ...(who ? [{ value: who.user, label: t("matters.filter.me", { name: who.name }) }] : []),
      ...others.sort((a, b) => compare(a.label, b.label)),
    ];
  }, [people, handlers, who, t, compare]);
  const search = { optionFilterProp: "label" };

  return (
    <search aria-label={t("matters.filter.label")} className="no-print">
      <Form layout="vertical" className="matters-filter" component="div">
        <Form.Item label={t("frame.matter.procedure")}>
          <Select
            aria-label={t("frame.matter.procedure")}
            allowClear
            showSearch={search}
            value={filter.procedure}
            placeholder={t("frame.all")}
            options={ofProcedures}
            onChange={(procedure?: string) => onChange({ procedure, stage: undefined })}
          />
        </Form.Item>
        <Form.Item label={t("frame.matter.stage")}>
          <Select
            aria-label={t("frame.matter.stage")}
            allowClear
            showSearch={search}
            value={filter.stage}
            placeholder={t("frame.all")}
            options={ofStages}
            onChange={(stage?: string) => onChange({ stage })}
          />
        </Form.Item>
        <Form.Item label={t("matters.status")}>
          <Select
            aria-label={t("matters.status")}
            allowClear
            value={filter.status}
            placeholder={t("frame.all")}
            options={STATUSES.map((value) => ({ value, label: t(`frame.status.${value}`) }))}
            onChange={(status?: string) => onChange({ status })}
          />
        </Form.Item>
        <Typed
          words={t("frame.matter.handlers")}
          value={filter.handler}
          placeholder={t("matters.filter.handler")}
          options={ofPeople}
          onDone={(handler) => onChange({ handler })}
        />
        <Form.Item label={t("matters.filter.due_before")}>
          <DatePicker
            aria-label={t("matters.filter.due_before")}
            style={{ width: "100%" }}
            value={filter.due_before && dayjs(filter.due_before).isValid() ? dayjs(filter.due_before) : null}
            placeholder={t("frame.all")}
            presets={[
              { label: t("matters.filter.overdue"), value: dayjs(today()) },
              { label: t("matters.filter.today"), value: dayjs(today()).add(1, "day") },
              { label: t("matters.filter.week"), value: dayjs(today()).add(8, "day") },
            ]}
            onChange={(on) => onChange({ due_before: on?.format("YYYY-MM-DD") })}
          />
        </Form.Item>
        <Typed
          words={t("matters.filter.number")}
          value={filter.number}
          placeholder={t("matters.filter.number_hint")}
          onDone={(number) => onChange({ number })}
        />
        <Form.Item label={t("matters.filter.view")}>
          <Segmented
            aria-label={t("matters.filter.view")}
            value={filter.view === "clocks" ? "clocks" : "read"}
            options={[
              { value: "read", label: t("matters.filter.view_read") },
              { value: "clocks", label: t("matters.filter.view_clocks") },
            ]}
            onChange={(view) => onChange({ view: view === "clocks" ? "clocks" : undefined })}
          />
        </Form.Item>
      </Form>
    </search>
  );
}

/** What is typed counts when one stops typing. */
function Typed(props: {
  words: string;
  value: string | undefined;
  placeholder: string;
  options?: { value: string; label: string }[];
  onDone: (value: string | undefined) => void;
}) {
  const { words, value, placeholder, options, onDone } = props;
  const [typed, setTyped] = useState(value ?? "");
  const [shown, setShown] = useState(value);
  if (shown !== value) {
    // The address changed: by the button "back", or by a saved filter.
    setShown(value);
    setTyped(value ?? "");
  }
  useEffect(() => {
    if (typed.trim() === (value ?? "")) return;
    const wait = window.setTimeout(() => onDone(typed.trim() || undefined), 400);
    return () => window.clearTimeout(wait);
  }, [typed, value, onDone]);
  const input = <Input allowClear maxLength={128} placeholder={placeholder} aria-label={words} />;
  return (
    <Form.Item label={words}>
      {options ? (
        <AutoComplete
          aria-label={words}
          allowClear
          value={typed}
          options={options}
          placeholder={placeholder}
          showSearch={{
            filterOption: (text, option) =>
              `${option?.value} ${option?.label}`.toLowerCase().includes(text.toLowerCase()),
          }}
          onChange={(text?: string) => setTyped(text ?? "")}
        />
      ) : (
        <Input
          {...input.props}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          onPressEnter={() => onDone(typed.trim() || undefined)}
        />
      )}
    </Form.Item>
  );
}
