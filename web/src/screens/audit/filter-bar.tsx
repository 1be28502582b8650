// What the trail is searched by; all in the address, all combinable.
import { AutoComplete, Button, DatePicker, Form, Input, Segmented } from "antd";
import dayjs from "dayjs";
import { useMemo, useState } from "react";
import { useWords } from "~/words/words";
import type { Filter } from "./trail";
import { ACTIONS, KINDS, RESULTS } from "./words";

interface Props {
  filter: Filter;
  onChange: (patch: Filter) => void;
}

const TEXTS = ["actor", "action", "object", "kind", "result", "address"] as const;

/** What is typed is asked for on Enter or with the button: each question is a line of the trail. */
export function AuditFilter({ filter, onChange }: Props) {
  const { t, maybe, compare } = useWords();
  const key = JSON.stringify(filter);
  const [typed, setTyped] = useState<Filter>(filter);
  const [shown, setShown] = useState(key);
  if (shown !== key) {
    setShown(key);
    setTyped(filter);
  }
  const choices = useMemo(() => {
    const of = (codes: readonly string[], table: string) =>
      codes
        .map((value) => ({ value, label: `${maybe(`audit.${table}.${value}`, value)}（${value}）` }))
        .sort((a, b) => compare(a.label, b.label));
    return { action: of(ACTIONS, "actions"), kind: of(KINDS, "kinds"), result: of(RESULTS, "results") };
  }, [maybe, compare]);
  const ask = () => onChange(Object.fromEntries(TEXTS.map((name) => [name, typed[name]?.trim() || undefined])));
  const isDay = (text: string | undefined) => (text && dayjs(text).isValid() ? dayjs(text) : null);
  return (
    <search aria-label={t("audit.filter")} className="no-print">
      <Form layout="vertical" className="audit-filter" onFinish={ask}>
        {TEXTS.map((name) => {
          const options = name === "action" || name === "kind" || name === "result" ? choices[name] : undefined;
          return (
            <Form.Item key={name} label={t(`audit.${name}`)} htmlFor={`audit-${name}`}>
              {options ? (
                <AutoComplete
                  id={`audit-${name}`}
                  allowClear
                  value={typed[name] ?? ""}
                  options={options}
                  placeholder={t("frame.all")}
                  showSearch={{
                    filterOption: (text, option) => `${option?.label}`.toLowerCase().includes(text.toLowerCase()),
                  }}
                  onChange={(value?: string) => setTyped({ ...typed, [name]: value ?? "" })}
                  onSelect={(value?: string) => onChange({ [name]: value })}
                  onClear={() => onChange({ [name]: undefined })}
                />
              ) : (
                <Input
                  id={`audit-${name}`}
                  allowClear
                  maxLength={200}
                  value={typed[name] ?? ""}
                  placeholder={t(`audit.${name as "actor" | "object" | "address"}_hint`)}
                  onChange={(event) => setTyped({ ...typed, [name]: event.target.value })}
                  onPressEnter={ask}
                />
              )}
            </Form.Item>
          );
        })}
        <Form.Item label={t("audit.between")}>
          <DatePicker.RangePicker
            aria-label={t("audit.between")}
            showTime={{ format: "HH:mm" }}
            format="YYYY-MM-DD HH:mm"
            allowEmpty={[true, true]}
            value={[isDay(filter.from), isDay(filter.until)]}
            onChange={(days) => onChange({ from: days?.[0]?.toISOString(), until: days?.[1]?.toISOString() })}
          />
        </Form.Item>
        <Form.Item label={t("audit.direction")}>
          <Segmented
            aria-label={t("audit.direction")}
            value={filter.direction === "ascending" ? "ascending" : "descending"}
            options={[
              { value: "descending", label: t("audit.newest") },
              { value: "ascending", label: t("audit.oldest") },
            ]}
            onChange={(value) => onChange({ direction: value === "ascending" ? "ascending" : undefined })}
          />
        </Form.Item>
        <Form.Item label=" " className="audit-ask">
          <span className="row">
            <Button type="primary" htmlType="submit">
              {t("audit.ask")}
            </Button>
            <Button
              onClick={() =>
                onChange(Object.fromEntries([...TEXTS, "from", "until"].map((name) => [name, undefined])) as Filter)
              }
            >
              {t("matters.filter.clear")}
            </Button>
          </span>
        </Form.Item>
      </Form>
    </search>
  );
}
