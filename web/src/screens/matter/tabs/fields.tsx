// Fields that the forms of the ledger share: days, lines, reasons.
import { DatePicker, Form, Input } from "antd";
import dayjs from "dayjs";
import type { ReactNode } from "react";
import type { Goods, Ledger, Mark, Party, Withdrawal } from "~/api/shapes";
import { useNames } from "~/parts/names";
import { today } from "~/words/format";
import { useWords } from "~/words/words";
import { cleanLine, isTooLong, linesOf } from "./typed";

const NAME_BYTES = 500;
const REMARK_BYTES = 4000;

interface Labelled {
  name: string;
  label: string;
  required?: boolean;
  extra?: ReactNode;
  className?: string;
}

/** One line; what Word puts in and does not show goes when the field is left. */
export function LineField({
  name,
  label,
  required,
  extra,
  className,
  placeholder,
}: Labelled & { placeholder?: string }) {
  const { t } = useWords();
  const form = Form.useFormInstance();
  return (
    <Form.Item
      name={name}
      label={label}
      extra={extra}
      className={className}
      validateTrigger="onBlur"
      rules={[
        { required, whitespace: true, message: t("frame.required") },
        {
          validator: (_, text?: string) =>
            isTooLong(text, NAME_BYTES)
              ? Promise.reject(new Error(t("ledger.too_long", { count: 160 })))
              : Promise.resolve(),
        },
      ]}
    >
      <Input placeholder={placeholder} onBlur={(event) => form.setFieldValue(name, cleanLine(event.target.value))} />
    </Form.Item>
  );
}

/** Several, one a line. */
export function LinesField({ name, label, extra, className }: Labelled) {
  const { t } = useWords();
  return (
    <Form.Item
      name={name}
      label={label}
      extra={extra ?? t("ledger.one_a_line")}
      className={className}
      validateTrigger="onBlur"
      rules={[
        {
          validator: (_, text?: string) => {
            const lines = linesOf(text);
            if (lines.length > 20) return Promise.reject(new Error(t("ledger.too_many", { count: 20 })));
            return lines.some((line) => isTooLong(line, NAME_BYTES))
              ? Promise.reject(new Error(t("ledger.too_long", { count: 160 })))
              : Promise.resolve();
          },
        },
      ]}
    >
      <Input.TextArea rows={3} />
    </Form.Item>
  );
}

/** A remark or a reason. */
export function RemarkField({ name, label, required, extra, className }: Labelled) {
  const { t } = useWords();
  return (
    <Form.Item
      name={name}
      label={label}
      extra={extra}
      className={className}
      validateTrigger="onBlur"
      rules={[
        { required, whitespace: true, message: t("frame.required") },
        {
          validator: (_, text?: string) =>
            isTooLong(text, REMARK_BYTES)
              ? Promise.reject(new Error(t("ledger.too_long", { count: 1300 })))
              : Promise.resolve(),
        },
      ]}
    >
      <Input.TextArea rows={4} />
    </Form.Item>
  );
}

const WRITTEN = ["YYYY-MM-DD", "YYYY/M/D", "YYYY年M月D日", "YYYY.M.D", "YYYYMMDD"];

/** A civil day, kept as `2024-03-28`. */
export function DayField({ name, label, required, extra, past }: Labelled & { past?: boolean }) {
  const { t } = useWords();
  return (
    <Form.Item
      name={name}
      label={label}
      extra={extra}
      rules={[{ required, message: t("frame.required") }]}
      getValueProps={(value?: string) => ({ value: value ? dayjs(value) : undefined })}
      normalize={(value: dayjs.Dayjs | null) => value?.format("YYYY-MM-DD")}
    >
      <DatePicker
        format={WRITTEN}
        style={{ width: "100%" }}
        maxDate={past ? dayjs(today()) : undefined}
        placeholder="YYYY-MM-DD"
      />
    </Form.Item>
  );
}

/** Who entered something, and what was said of it since. */
export function Marks({
  added,
  corrected,
  withdrawn,
}: {
  added: Mark;
  corrected?: Withdrawal | null;
  withdrawn?: Withdrawal | null;
}) {
  const { t, instant } = useWords();
  const names = useNames();
  const said = (of: Withdrawal) => ({ who: names.person(of.mark.by), at: instant(of.mark.at), why: of.why });
  return (
    <ul className="tab-plain-list quiet">
      <li>{t("ledger.added", { who: names.person(added.by), at: instant(added.at) })}</li>
      {corrected && <li>{t("ledger.corrected", said(corrected))}</li>}
      {withdrawn && <li>{t("ledger.withdrawn", said(withdrawn))}</li>}
    </ul>
  );
}

/** How a party is called: by name, else by its first account. */
export function labelOf(party: Party): string {
  return party.name ?? party.accounts?.[0] ?? "";
}

export const goodsLabel = (goods: Goods) => [goods.name, goods.brand, goods.model].filter(Boolean).join(" ");

/** Parties and goods that stand, to choose from. */
export function partyOptions(ledger: Ledger, but?: string) {
  return ledger.parties
    .filter((entry) => !entry.withdrawn && entry.id !== but)
    .map((entry) => ({ value: entry.id, label: `${entry.id} ${labelOf(entry.party)}` }));
}

export function goodsOptions(ledger: Ledger) {
  return ledger.goods
    .filter((entry) => !entry.withdrawn)
    .map((entry) => ({ value: entry.id, label: `${entry.id} ${goodsLabel(entry.goods)}` }));
}

/** What an object of a step holds: nothing that is empty. */
export function filled<T extends object>(value: T): T {
  return Object.fromEntries(
    Object.entries(value).filter(
      ([, one]) => one !== undefined && one !== null && one !== "" && !(Array.isArray(one) && one.length === 0),
    ),
  ) as T;
}
