// The form of goods, new or corrected, and the one of their price alone.
import { Form, Input, Select } from "antd";
import { useFiles } from "~/api/queries";
import type { Goods, GoodsEntry, Ledger, Matter } from "~/api/shapes";
import { Several } from "~/parts/several";
import { fenOf, today } from "~/words/format";
import { useWords } from "~/words/words";
import { EntryDrawer } from "./entry-drawer";
import { DayField, filled, LineField, partyOptions, RemarkField } from "./fields";
import { useLedgerTerms } from "./terms";
import { cleanLine, countOf } from "./typed";

interface Values extends Omit<Goods, "quantity" | "price"> {
  quantity: string;
  each?: string;
  basis?: string;
  shown_by?: string;
  why?: string;
}

function goodsOf(values: Values): Goods {
  const { each, basis, shown_by, why: _, quantity, ...rest } = values;
  const lines = Object.fromEntries(
    Object.entries(rest).map(([name, value]) => [
      name,
      typeof value === "string" && name !== "remark" ? cleanLine(value) : value,
    ]),
  ) as unknown as Omit<Goods, "quantity" | "price">;
  const fen = fenOf(each ?? "");
  return filled<Goods>({
    ...lines,
    remark: values.remark?.trim(),
    quantity: countOf(quantity) ?? 0,
    price: fen === undefined ? undefined : { each_fen: fen, basis: basis ?? "", shown_by: cleanLine(shown_by ?? "") },
  });
}

/** Fen as one types yuan. */
export const yuanOf = (fen: number) => (fen / 100).toFixed(2).replace(/\.00$/, "");

function valuesOf(goods: Goods): Partial<Values> {
  const { price, quantity, ...rest } = goods;
  return {
    ...rest,
    quantity: `${quantity}`,
    ...(price && { each: yuanOf(price.each_fen), basis: price.basis, shown_by: price.shown_by }),
  };
}

export function GoodsForm({
  matter,
  ledger,
  entry,
  onClose,
}: {
  matter: Matter;
  ledger: Ledger;
  entry?: GoodsEntry | undefined;
  onClose: () => void;
}) {
  const { t } = useWords();
  const terms = useLedgerTerms();
  const files = useFiles(matter.id);
  // Where they went after the taking stands in movements; what was taken stays as it is then.
  const isMoved = (entry?.movements.length ?? 0) > 0;
  const needed = [{ required: true, message: t("frame.required") }];
  return (
    <EntryDrawer<Values>
      matter={matter}
      title={entry ? t("ledger.goods.correct", { id: entry.id }) : t("ledger.goods.add")}
      draft={entry ? `goods.${entry.id}` : "goods"}
      initial={entry ? valuesOf(entry.goods) : { kind: "infringing", measure: "seized", taken_on: today() }}
      steps={(values) => {
        const goods = goodsOf({ ...(entry ? valuesOf(entry.goods) : {}), ...values });
        return entry
          ? [{ do: "correct_goods", id: entry.id, goods, why: values.why ?? "" }]
          : [{ do: "add_goods", goods }];
      }}
      onClose={onClose}
    >
      <div className="tab-fields">
        <LineField name="name" label={t("ledger.goods.name")} required />
        <Form.Item name="kind" label={t("ledger.goods.kind")} rules={needed}>
          <Select options={terms.options("goods_kind")} />
        </Form.Item>
        <LineField name="brand" label={t("ledger.goods.brand")} />
        <LineField name="model" label={t("ledger.goods.model")} />
        <QuantityField name="quantity" label={t("ledger.goods.quantity")} required disabled={isMoved} />
        <LineField name="unit" label={t("ledger.goods.unit")} required placeholder={t("ledger.goods.unit_hint")} />
        <Form.Item name="measure" label={t("ledger.goods.measure")} rules={needed}>
          <Select options={terms.options("goods_measure")} />
        </Form.Item>
        <DayField name="taken_on" label={t("ledger.goods.taken_on")} required past />
        <LineField name="found_at" label={t("ledger.goods.found_at")} required />
        <Form.Item name="from" label={t("ledger.goods.from")}>
          <Select allowClear showSearch optionFilterProp="label" options={partyOptions(ledger)} />
        </Form.Item>
        <LineField name="paper" label={t("ledger.goods.paper")} />
        <LineField name="seal" label={t("ledger.goods.seal")} />
        <LineField name="holder" label={t("ledger.goods.holder")} required />
        <LineField name="place" label={t("ledger.goods.place")} required />
        <PriceFields />
        <Form.Item name="files" label={t("ledger.goods.files")} extra={t("ledger.goods.files_hint")} className="wide">
          <Several
            optionFilterProp="label"
            maxCount={50}
            loading={files.isPending}
            options={(files.data ?? [])
              .filter((file) => !file.withdrawn)
              .map((file) => ({ value: file.id, label: file.name }))}
          />
        </Form.Item>
        <RemarkField name="remark" label={t("ledger.remark")} className="wide" />
        {entry && (
          <RemarkField name="why" label={t("ledger.why")} extra={t("ledger.why_hint")} required className="wide" />
        )}
      </div>
    </EntryDrawer>
  );
}

/** Price, basis and what shows it: all three or none. */
function PriceFields({ isNeeded = false }: { isNeeded?: boolean }) {
  const { t, money } = useWords();
  const terms = useLedgerTerms();
  const typed = Form.useWatch("each", Form.useFormInstance()) as string | undefined;
  const fen = fenOf(typed ?? "");
  const isThere = isNeeded || Boolean(typed?.trim());
  return (
    <>
      <Form.Item
        name="each"
        label={t("ledger.goods.each")}
        extra={fen === undefined ? t("ledger.goods.each_hint") : money(fen)}
        rules={[
          { required: isNeeded, message: t("frame.required") },
          {
            validator: (_, text?: string) =>
              text?.trim() && fenOf(text) === undefined
                ? Promise.reject(new Error(t("ledger.bad_money")))
                : Promise.resolve(),
          },
        ]}
      >
        <Input inputMode="decimal" />
      </Form.Item>
      <Form.Item
        name="basis"
        label={t("ledger.goods.basis")}
        rules={[{ required: isThere, message: t("frame.required") }]}
      >
        <Select allowClear options={terms.options("price_basis")} />
      </Form.Item>
      <LineField name="shown_by" label={t("ledger.goods.shown_by")} required={isThere} className="wide" />
    </>
  );
}

export function QuantityField({
  name,
  label,
  required,
  disabled,
  most,
  extra,
}: {
  name: string;
  label: string;
  required?: boolean;
  disabled?: boolean;
  most?: number;
  extra?: string;
}) {
  const { t } = useWords();
  return (
    <Form.Item
      name={name}
      label={label}
      extra={extra}
      rules={[
        { required, message: t("frame.required") },
        {
          validator: (_, text?: string) => {
            if (!text?.trim()) return Promise.resolve();
            const count = countOf(text);
            return count === undefined || (most !== undefined && count > most)
              ? Promise.reject(new Error(t("ledger.bad_count")))
              : Promise.resolve();
          },
        },
      ]}
    >
      <Input inputMode="numeric" disabled={disabled} />
    </Form.Item>
  );
}

/** A price for goods that have none, or a better one: a correction of these three fields. */
export function PriceForm({ matter, entry, onClose }: { matter: Matter; entry: GoodsEntry; onClose: () => void }) {
  const { t } = useWords();
  return (
    <EntryDrawer<Pick<Values, "each" | "basis" | "shown_by" | "why">>
      matter={matter}
      title={t("ledger.goods.price_of", { id: entry.id })}
      draft={`goods.${entry.id}.price`}
      initial={{ ...valuesOf(entry.goods), why: t("ledger.goods.price_why") }}
      steps={(values) => {
        const goods = goodsOf({ ...(valuesOf(entry.goods) as Values), ...values });
        return [{ do: "correct_goods", id: entry.id, goods, why: values.why ?? "" }];
      }}
      onClose={onClose}
    >
      <div className="tab-fields">
        <PriceFields isNeeded />
        <RemarkField name="why" label={t("ledger.why")} extra={t("ledger.why_hint")} required className="wide" />
      </div>
    </EntryDrawer>
  );
}
