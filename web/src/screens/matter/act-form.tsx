// The controls for what an act asks for: facts by kind, papers by how they come, persons, agencies, stages, clocks.
import { Checkbox, Collapse, DatePicker, Form, Input, InputNumber, Radio, Select } from "antd";
import dayjs from "dayjs";
import { useAgencies, usePeople, useSession } from "~/api/queries";
import type { FileView, Matter, Procedure, ProcedureAct } from "~/api/shapes";
import { FactInput } from "~/parts/facts";
import { useNames } from "~/parts/names";
import { Several } from "~/parts/several";
import { useWords } from "~/words/words";
import type { Answers, Fields, PaperChoice } from "./asked";

interface Props {
  definition: Procedure;
  act: ProcedureAct | undefined;
  fields: Fields;
  answers: Answers;
  onChange: (answers: Answers) => void;
  files: FileView[];
  matter?: Matter | undefined;
}

export function ActForm({ definition, act, fields, answers, onChange, files, matter }: Props) {
  const { t, pick, compare } = useWords();
  const names = useNames();
  const { data: agencies } = useAgencies();
  const { data: who } = useSession();
  const set = (part: Partial<Answers>) => onChange({ ...answers, ...part });
  const factName = (id: string) => pick(definition.fact.find((one) => one.id === id)?.name) || id;
  const agencyOptions = (agencies ?? [])
    .map((one) => ({ value: one.code, label: pick(one.names) }))
    .sort((left, right) => compare(left.label, right.label));
  const { data: colleagues } = usePeople(undefined, fields.persons.length > 0);
  // Who works on the matter first, then everybody else of the agency.
  const others = (colleagues ?? []).filter((one) => one.is_active && one.agency === who?.agency);
  const people = [...new Set([...(matter?.handlers ?? []), ...others.map((one) => one.user ?? "")])].filter(
    (one) => one !== "" && one !== who?.user,
  );
  const makesAny = Object.values(answers.papers).some((one) => one?.by === "made");

  return (
    <Form layout="vertical" component="div" className="act-form">
      {fields.facts.map((id) => {
        const fact = definition.fact.find((one) => one.id === id);
        const need = act?.needs.find((one) => one.fact === id);
        const value = answers.facts[id];
        const change = (next: typeof value) => set({ facts: { ...answers.facts, [id]: next } });
        if (fact?.kind === "flag" && need?.is !== undefined) {
          return (
            <Form.Item key={id}>
              <Checkbox
                checked={value !== undefined && "flag" in value && value.flag === need.is}
                onChange={(event) => change(event.target.checked ? { flag: need.is === true } : undefined)}
              >
                {need.is ? t("matter.states", { name: factName(id) }) : t("matter.denies", { name: factName(id) })}
              </Checkbox>
            </Form.Item>
          );
        }
        return (
          <Form.Item key={id} label={factName(id)} htmlFor={`fact-${id}`} required={need !== undefined}>
            <FactInput id={`fact-${id}`} kind={fact?.kind ?? "text"} value={value} onChange={change} />
          </Form.Item>
        );
      })}
      {fields.counterparts.map((id) => (
        <Form.Item
          key={id}
          label={pick(definition.counterpart.find((one) => one.id === id)?.name) || id}
          htmlFor={`counterpart-${id}`}
          required
        >
          <Select
            id={`counterpart-${id}`}
            showSearch={{ optionFilterProp: "label" }}
            options={agencyOptions}
            value={answers.counterparts[id] || undefined}
            onChange={(agency: string) => set({ counterparts: { ...answers.counterparts, [id]: agency } })}
          />
        </Form.Item>
      ))}
      {fields.persons.map((role) => (
        <Form.Item
          key={role}
          label={t("matter.ask.persons", { role: pick(definition.role.find((one) => one.id === role)?.name) || role })}
          htmlFor={`persons-${role}`}
          required
        >
          <Several
            id={`persons-${role}`}
            showSearch={{ optionFilterProp: "label" }}
            options={people.map((one) => ({ value: one, label: names.person(one) }))}
            value={answers.persons}
            onChange={(persons: string[]) => set({ persons })}
          />
        </Form.Item>
      ))}
      {fields.stages.length > 0 && (
        <Form.Item label={t("matter.ask.stage")} required>
          <Radio.Group
            value={answers.to_stage}
            onChange={(event) => set({ to_stage: event.target.value as string })}
            options={fields.stages.map((id) => ({
              value: id,
              label: names.stage(definition.id, id, definition.version),
            }))}
          />
        </Form.Item>
      )}
      {fields.agency && (
        <Form.Item label={t("matter.ask.agency")} htmlFor="ask-agency" required>
          <Select
            id="ask-agency"
            showSearch={{ optionFilterProp: "label" }}
            options={agencyOptions}
            value={answers.agency || undefined}
            onChange={(agency: string) => set({ agency })}
          />
        </Form.Item>
      )}
      {fields.member && (
        <Form.Item label={t("matter.ask.member")} htmlFor="ask-member" required>
          <Input
            id="ask-member"
            maxLength={200}
            value={answers.member}
            onChange={(event) => set({ member: event.target.value })}
          />
        </Form.Item>
      )}
      {fields.clocks.length > 0 && (
        <Form.Item label={t("matter.ask.extension")} required>
          <div className="row">
            <Select
              aria-label={t("matter.ask.clock")}
              style={{ minWidth: 220 }}
              value={answers.clock || undefined}
              onChange={(clock: string) => set({ clock })}
              options={fields.clocks.map((id) => ({
                value: id,
                label: pick(definition.clock.find((one) => one.id === id)?.name) || id,
              }))}
            />
            <InputNumber
              aria-label={t("matter.ask.length")}
              min={1}
              max={3660}
              precision={0}
              value={answers.length}
              onChange={(length) => set({ length })}
            />
            <Select
              aria-label={t("matter.ask.unit")}
              value={answers.unit}
              onChange={(unit: Answers["unit"]) => set({ unit })}
              options={(["working_days", "days", "months", "hours"] as const).map((unit) => ({
                value: unit,
                label: t(`matter.unit.${unit}`),
              }))}
            />
          </div>
        </Form.Item>
      )}
      {fields.superseded && matter?.state && (
        <Form.Item label={t("matter.ask.superseded")} htmlFor="ask-superseded" required>
          <Select
            id="ask-superseded"
            value={answers.supersedes}
            onChange={(supersedes: number) => set({ supersedes })}
            options={matter.state.history.map((past) => ({
              value: past.seq,
              label: `${past.seq}. ${pick(definition.act.find((one) => one.id === past.act)?.name) || t(`matter.what.${past.what}`)}`,
            }))}
          />
        </Form.Item>
      )}
      {fields.versions.length > 0 && (
        <Form.Item label={t("matter.ask.version")} required>
          <Radio.Group
            value={answers.version}
            onChange={(event) => set({ version: event.target.value as number })}
            options={fields.versions.map((one) => ({ value: one, label: String(one) }))}
          />
        </Form.Item>
      )}
      {fields.reason && (
        <Form.Item label={t("matter.ask.reason")} htmlFor="ask-reason" required>
          <Input.TextArea
            id="ask-reason"
            rows={3}
            maxLength={4000}
            value={answers.reason}
            onChange={(event) => set({ reason: event.target.value })}
          />
        </Form.Item>
      )}
      {[...fields.papers, ...fields.makes].map((id) => {
        const paper = definition.paper.find((one) => one.id === id);
        return (
          <Form.Item
            key={id}
            label={t("matter.ask.paper", { name: pick(paper?.name) || id })}
            required={fields.papers.includes(id)}
          >
            <PaperInput
              name={pick(paper?.name) || id}
              canMake={!paper?.outside && matter !== undefined}
              files={files}
              value={answers.papers[id]}
              onChange={(choice) => set({ papers: { ...answers.papers, [id]: choice } })}
            />
          </Form.Item>
        );
      })}
      {makesAny && (
        <Form.Item label={t("matter.ask.text")} htmlFor="ask-text" extra={t("matter.ask.text_hint")}>
          <Input.TextArea
            id="ask-text"
            rows={3}
            maxLength={6000}
            value={answers.text}
            onChange={(event) => set({ text: event.target.value })}
          />
        </Form.Item>
      )}
      <Collapse
        ghost
        size="small"
        items={[
          {
            key: "when",
            label: t("matter.ask.earlier"),
            children: (
              <Form.Item label={t("matter.ask.happened")} htmlFor="ask-happened" extra={t("matter.ask.happened_hint")}>
                <DatePicker
                  id="ask-happened"
                  showTime={{ format: "HH:mm" }}
                  value={answers.happened ? dayjs(answers.happened) : null}
                  onChange={(at) => set({ happened: at ? at.format("YYYY-MM-DDTHH:mm:ssZ") : "" })}
                />
              </Form.Item>
            ),
          },
        ]}
      />
    </Form>
  );
}

interface PaperProps {
  name: string;
  canMake: boolean;
  files: FileView[];
  value: PaperChoice | undefined;
  onChange: (choice: PaperChoice | undefined) => void;
}

/** One control for three ways: made here, a file of the matter, a number on paper. */
function PaperInput({ name, canMake, files, value, onChange }: PaperProps) {
  const { t } = useWords();
  const options = [
    ...(canMake ? [{ value: "made", label: t("matter.paper.made") }] : []),
    { value: "number", label: t("matter.paper.number") },
    ...files.filter((one) => !one.withdrawn).map((one) => ({ value: `file:${one.id}`, label: one.name })),
  ];
  const chosen = value?.by === "file" ? `file:${value.file}` : value?.by;
  return (
    <div className="row">
      <Select
        aria-label={name}
        style={{ minWidth: 320, flex: "1 1 320px" }}
        placeholder={t("matter.paper.choose")}
        allowClear
        showSearch={{ optionFilterProp: "label" }}
        options={options}
        value={chosen}
        onChange={(picked: string | undefined) => {
          if (!picked) onChange(undefined);
          else if (picked === "made") onChange({ by: "made" });
          else if (picked === "number") onChange({ by: "number", text: "" });
          else onChange({ by: "file", file: picked.slice("file:".length) });
        }}
      />
      {value?.by === "number" && (
        <Input
          aria-label={t("matter.paper.number_of", { name })}
          placeholder={t("matter.paper.number_hint")}
          style={{ flex: "1 1 220px" }}
          maxLength={300}
          value={value.text}
          onChange={(event) => onChange({ by: "number", text: event.target.value })}
        />
      )}
    </div>
  );
}
