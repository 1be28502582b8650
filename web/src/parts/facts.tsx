// Facts of a procedure: shown and entered by their kind.
import { DatePicker, Input, InputNumber, Radio } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import type { FactKind, FactValue } from "~/api/shapes";
import { fenOf, halfWidth } from "~/words/format";
import { useWords } from "~/words/words";

/** What is stated; of a subject of a complaint, its name and not its code. */
export function useFactWords(): (value: FactValue, id?: string) => string {
  const { t, maybe, day, money, number } = useWords();
  return (value, id) => {
    if ("flag" in value) return t(value.flag ? "frame.yes" : "frame.no");
    if ("count" in value) return number(value.count);
    if ("fen" in value) return money(value.fen);
    if ("day" in value) return day(value.day);
    return id === "subject" ? maybe(`intake.subjects.${value.text}`, value.text) : value.text;
  };
}

interface Input_ {
  kind: FactKind;
  value: FactValue | undefined;
  onChange: (value: FactValue | undefined) => void;
  id?: string;
  status?: "error" | "";
}

export function FactInput({ kind, value, onChange, id, status = "" }: Input_) {
  const { t } = useWords();
  switch (kind) {
    case "flag":
      return (
        <Radio.Group
          id={id}
          value={value && "flag" in value ? value.flag : undefined}
          onChange={(event) => onChange({ flag: event.target.value as boolean })}
          options={[
            { value: true, label: t("frame.yes") },
            { value: false, label: t("frame.no") },
          ]}
        />
      );
    case "count":
      return (
        <InputNumber
          id={id}
          status={status}
          min={0}
          max={Number.MAX_SAFE_INTEGER}
          precision={0}
          style={{ width: 220 }}
          parser={(text) => Number(halfWidth(text ?? "").replace(/[\s,，]/g, ""))}
          value={value && "count" in value ? value.count : null}
          onChange={(count) => onChange(count === null || !Number.isSafeInteger(count) ? undefined : { count })}
        />
      );
    case "fen":
      return (
        <Sum id={id} status={status} value={value && "fen" in value ? value.fen : undefined} onChange={onChange} />
      );
    case "day":
      return (
        <DatePicker
          id={id}
          status={status}
          value={value && "day" in value ? dayjs(value.day) : null}
          onChange={(day) => onChange(day ? { day: day.format("YYYY-MM-DD") } : undefined)}
        />
      );
    case "text":
      return (
        <Input
          id={id}
          status={status}
          maxLength={1000}
          value={value && "text" in value ? value.text : ""}
          onChange={(event) => onChange(event.target.value === "" ? undefined : { text: event.target.value })}
        />
      );
  }
}

/** A sum in yuan as people type it: 7万, 72,000.50, full width too; what it comes to stands beside it. */
function Sum({
  value,
  onChange,
  id,
  status,
}: {
  value: number | undefined;
  onChange: Input_["onChange"];
  id?: string;
  status: "error" | "";
}) {
  const { t, money } = useWords();
  const [typed, setTyped] = useState(value === undefined ? "" : String(value / 100));
  const fen = typed === "" ? undefined : fenOf(typed);
  return (
    <Input
      id={id}
      status={typed !== "" && fen === undefined ? "error" : status}
      inputMode="decimal"
      value={typed}
      style={{ width: 360 }}
      suffix={
        <span className="quiet">
          {typed === "" ? t("matter.sum_hint") : fen === undefined ? t("matter.sum_wrong") : money(fen)}
        </span>
      }
      onChange={(event) => {
        setTyped(event.target.value);
        const read = fenOf(event.target.value);
        onChange(read === undefined ? undefined : { fen: read });
      }}
    />
  );
}
