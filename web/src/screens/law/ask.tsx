// Asking for an assessment: the offence, the days, what people state. What is typed is kept until it was assessed.
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Alert, Button, DatePicker, Input, Radio, Select } from "antd";
import dayjs from "dayjs";
import { type ReactNode, useId, useMemo, useState } from "react";
import { explain } from "~/api/problem";
import { touched, useSession } from "~/api/queries";
import { useDraft } from "~/parts/draft";
import { JobProgress, useJob } from "~/parts/job-progress";
import { useNewest } from "~/screens/review/compare";
import { useWords } from "~/words/words";
import { caseOf, type Fault, faultOf, faultsOf, LINE, type Line, type Typed, typedOf } from "./case";
import { FACTS, kindOf, OFFENCES } from "./facts";
import type { Assessed } from "./shapes";

export function Ask({ matter, seen }: { matter: string; seen: Assessed | undefined }) {
  // The form begins with the last assessment as soon as that is there.
  return (
    <Form key={seen ? seen.assessment.rule_book_version + seen.sheet.offence : "none"} matter={matter} seen={seen} />
  );
}

function Form({ matter, seen }: { matter: string; seen: Assessed | undefined }) {
  const { t } = useWords();
  const { data: who } = useSession();
  const [typed, setTyped, clear, isRestored] = useDraft<Typed>(`assess.${matter}`, typedOf(seen));
  const [isTried, setTried] = useState(false);
  const work = useJob(matter);
  const job = useNewest(matter, "assess", work.job);
  const isRunning = job !== undefined && job.ended_at === null;
  const faults = faultsOf(typed);
  const change = (part: Partial<Typed>) => setTyped({ ...typed, ...part });
  const ask = () => {
    setTried(true);
    if (faults.length > 0) return;
    void work.ask({ kind: "assess", case: caseOf(typed, who ? `${who.agency}/${who.user}` : undefined) });
  };
  const fault = (one: Fault) => (isTried && faults.includes(one) ? t(`law.ask.${one}`) : undefined);
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        ask();
      }}
    >
      <p className="quiet">{t("law.ask.why")}</p>
      {isRestored && <Alert type="info" showIcon title={t("law.ask.restored")} />}
      <div className="ask">
        <Field label={t("law.ask.offence")} fault={fault("no_offence")} wide>
          {(id) => (
            <Select
              id={id}
              value={typed.offence || undefined}
              onChange={(offence) => change({ offence })}
              options={OFFENCES.map(([value, words]) => ({ value, label: t(words) }))}
              showSearch={{ optionFilterProp: "label" }}
            />
          )}
        </Field>
        <Field label={t("law.ask.person")}>
          {(id) => (
            <Radio.Group
              id={id}
              aria-label={t("law.ask.person")}
              value={typed.person}
              onChange={({ target }) => change({ person: target.value })}
              options={[
                { value: "natural", label: t("law.person.natural") },
                { value: "unit", label: t("law.person.unit") },
                { value: "", label: t("law.ask.unknown") },
              ]}
            />
          )}
        </Field>
        {(["from", "to", "judged_on"] as const).map((name) => (
          <Field key={name} label={t(`law.ask.${name}`)} fault={name === "to" ? fault("bad_days") : undefined}>
            {(id) => (
              <DatePicker
                id={id}
                value={typed[name] ? dayjs(typed[name]) : null}
                onChange={(day) => change({ [name]: day ? day.format("YYYY-MM-DD") : "" })}
              />
            )}
          </Field>
        ))}
      </div>
      <fieldset className="stated">
        <legend>{t("law.ask.facts")}</legend>
        {typed.lines.map((line, at) => (
          <StatedLine
            // biome-ignore lint/suspicious/noArrayIndexKey: a line that is typed has no other name than its place
            key={at}
            of={line}
            fault={isTried ? faultOf(line) : undefined}
            onChange={(part) =>
              change({ lines: typed.lines.map((one, place) => (place === at ? { ...one, ...part } : one)) })
            }
            onRemove={() => change({ lines: typed.lines.filter((_, place) => place !== at) })}
          />
        ))}
        <Button icon={<PlusOutlined />} onClick={() => change({ lines: [...typed.lines, LINE] })}>
          {t("law.ask.add")}
        </Button>
      </fieldset>
      {work.error !== undefined && <Alert type="error" showIcon title={explain(work.error)} />}
      <div className="row">
        <Button type="primary" htmlType="submit" loading={work.isAsking} disabled={isRunning}>
          {t("law.ask.send")}
        </Button>
        <Button
          onClick={() => {
            setTyped(typedOf(seen));
            clear();
          }}
        >
          {t("law.ask.clear")}
        </Button>
      </div>
      {job && (isRunning || job.id === work.job?.id) && (
        <JobProgress
          matter={matter}
          job={job}
          onAgain={ask}
          onDone={(done) => {
            // What was refused is still to be put right.
            if (!done.result?.refused) clear();
            touched(matter);
          }}
        />
      )}
    </form>
  );
}

function Field({
  label,
  fault,
  wide,
  children,
}: {
  label: string;
  fault?: string | undefined;
  wide?: boolean;
  children: (id: string) => ReactNode;
}) {
  const id = useId();
  return (
    <div className={wide ? "field field-wide" : "field"}>
      <label htmlFor={id}>{label}</label>
      {children(id)}
      {fault && <span className="light-red">{fault}</span>}
    </div>
  );
}

function StatedLine({
  of,
  fault,
  onChange,
  onRemove,
}: {
  of: Line;
  fault: Fault | undefined;
  onChange: (part: Partial<Line>) => void;
  onRemove: () => void;
}) {
  const { t, compare } = useWords();
  const options = useMemo(
    () =>
      FACTS.map((fact) => ({ value: fact.name, label: t(fact.words), kind: fact.kind })).sort(
        (one, other) => Number(one.kind === "flag") - Number(other.kind === "flag") || compare(one.label, other.label),
      ),
    [t, compare],
  );
  const kind = of.name ? kindOf(of.name) : undefined;
  const name = options.find((one) => one.value === of.name)?.label ?? "";
  return (
    <div className="stated-line">
      <Select
        className="stated-fact"
        aria-label={t("law.ask.fact")}
        placeholder={t("law.ask.fact")}
        value={of.name || undefined}
        onChange={(next) => onChange({ name: next })}
        options={options}
        showSearch={{ optionFilterProp: "label" }}
        popupMatchSelectWidth={false}
      />
      {kind === "flag" && (
        <Radio.Group
          aria-label={name}
          value={of.flag}
          onChange={({ target }) => onChange({ flag: target.value })}
          options={[
            { value: true, label: t("frame.yes") },
            { value: false, label: t("frame.no") },
          ]}
        />
      )}
      {(kind === "money" || kind === "count") && (
        <>
          <Select
            aria-label={t("law.ask.how")}
            value={of.how}
            onChange={(how) => onChange({ how })}
            options={(["exactly", "at_least", "at_most"] as const).map((value) => ({
              value,
              label: t(`law.ask.${value}`),
            }))}
          />
          <Input
            className="stated-value"
            aria-label={`${name} ${t("law.ask.value")}`}
            value={of.typed}
            maxLength={30}
            inputMode="decimal"
            suffix={kind === "money" ? t("law.ask.yuan") : undefined}
            placeholder={t(kind === "money" ? "law.ask.money_hint" : "law.ask.count_hint")}
            {...(fault ? { status: "error" as const } : {})}
            onChange={({ target }) => onChange({ typed: target.value })}
          />
        </>
      )}
      <Select
        aria-label={t("law.ask.certainty")}
        value={of.certainty || undefined}
        placeholder={t("law.ask.certainty")}
        allowClear
        onChange={(certainty) => onChange({ certainty: certainty ?? "" })}
        options={(["certain", "probable", "alleged", "disputed"] as const).map((value) => ({
          value,
          label: t(`law.certainty.${value}`),
        }))}
      />
      <Button icon={<DeleteOutlined />} aria-label={t("law.ask.remove", { name })} onClick={onRemove} />
      {fault && <span className="light-red">{t(`law.ask.${fault}`)}</span>}
    </div>
  );
}
