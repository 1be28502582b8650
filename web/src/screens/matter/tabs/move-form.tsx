// A movement of a lot: from whom to whom, where, by which paper, before whom.
import { Form, Select } from "antd";
import type { GoodsEntry, Lot, Matter, Movement } from "~/api/shapes";
import { today } from "~/words/format";
import { useWords } from "~/words/words";
import { EntryDrawer } from "./entry-drawer";
import { DayField, filled, goodsLabel, LineField, RemarkField } from "./fields";
import { QuantityField } from "./goods-form";
import { useLedgerTerms } from "./terms";
import { cleanLine, countOf } from "./typed";

type Values = Omit<Movement, "quantity"> & { lot: number; quantity?: string };

const ENDS = ["returned", "destroyed", "sold", "lost"];
const WITH_PAPER = ["handed_over", "returned", "destroyed", "sold"];

export const isGone = (lot: Lot) => lot.quantity === 0 || ENDS.includes(lot.by ?? "");

export function MoveForm({ matter, entry, onClose }: { matter: Matter; entry: GoodsEntry; onClose: () => void }) {
  const { t } = useWords();
  const { unit } = entry.goods;
  const lots = entry.lots.filter((lot) => !isGone(lot));
  const first = lots[0];
  const lotOf = (number: number | undefined) => lots.find((lot) => lot.number === number);
  const needed = [{ required: true, message: t("frame.required") }];
  return (
    <EntryDrawer<Values>
      matter={matter}
      title={`${t("ledger.goods.move_of", { id: entry.id })} ${goodsLabel(entry.goods)}`}
      draft={`goods.${entry.id}.move`}
      initial={first ? { lot: first.number, on: today(), ...startOf(first) } : {}}
      steps={({ lot, quantity, ...values }) => {
        const count = countOf(quantity ?? "");
        const movement = filled<Movement>({
          ...values,
          giver: cleanLine(values.giver),
          receiver: cleanLine(values.receiver),
          place: cleanLine(values.place),
          irregular: values.irregular?.trim(),
          quantity: count === lotOf(lot)?.quantity ? undefined : count,
        });
        return [{ do: "move_goods", id: entry.id, lot, movement }];
      }}
      onClose={onClose}
    >
      {(form) => (
        <div className="tab-fields">
          <Form.Item name="lot" label={t("ledger.goods.lot")} rules={needed} className="wide">
            <Select
              onChange={(number: number) => {
                const lot = lotOf(number);
                if (lot) form.setFieldsValue(startOf(lot) as Parameters<typeof form.setFieldsValue>[0]);
              }}
              options={lots.map((lot) => ({
                value: lot.number,
                label: t("ledger.goods.lot_all", {
                  lot: `${entry.id}.${lot.number}`,
                  quantity: lot.quantity,
                  unit,
                  holder: lot.holder,
                  place: lot.place,
                }),
              }))}
            />
          </Form.Item>
          <Form.Item noStyle shouldUpdate>
            {() => <Fields lot={lotOf(form.getFieldValue("lot") as number)} unit={unit} />}
          </Form.Item>
        </div>
      )}
    </EntryDrawer>
  );
}

/** Whoever holds a lot gives it; a seal that stays is named again. */
function startOf(lot: Lot): Partial<Values> {
  return { giver: lot.holder, quantity: `${lot.quantity}`, ...(lot.seal && { seal: lot.seal }) };
}

function Fields({ lot, unit }: { lot: Lot | undefined; unit: string }) {
  const { t } = useWords();
  const terms = useLedgerTerms();
  const form = Form.useFormInstance();
  const kind = form.getFieldValue("kind") as string | undefined;
  const giver = (form.getFieldValue("giver") as string | undefined)?.trim();
  const isOther = Boolean(lot && giver && giver !== lot.holder && kind !== "lost");
  const isExcused = Boolean((form.getFieldValue("irregular") as string | undefined)?.trim());
  // What is away for examination comes back or is lost; what is here cannot come back.
  const kinds = terms
    .options("movement")
    .filter(({ value }) => (lot?.by === "sent" ? value === "taken_back" || value === "lost" : value !== "taken_back"));
  return (
    <>
      <Form.Item
        name="kind"
        label={t("ledger.goods.movement")}
        rules={[{ required: true, message: t("frame.required") }]}
      >
        <Select options={kinds} />
      </Form.Item>
      <DayField name="on" label={t("ledger.goods.on")} required past />
      <QuantityField
        name="quantity"
        label={t("ledger.goods.quantity")}
        extra={t("ledger.goods.quantity_of_lot", { count: lot?.quantity ?? 0, unit })}
        most={lot?.quantity}
        required
      />
      <LineField name="seal" label={t("ledger.goods.seal")} />
      <LineField name="giver" label={t("ledger.goods.giver")} required />
      <LineField name="receiver" label={t("ledger.goods.receiver")} required />
      <LineField name="place" label={t("ledger.goods.place")} required />
      <LineField name="witness" label={t("ledger.goods.witness")} required={kind === "destroyed" && !isExcused} />
      <LineField
        name="paper"
        label={t("ledger.goods.move_paper")}
        required={WITH_PAPER.includes(kind ?? "") && !isExcused}
        className="wide"
      />
      <RemarkField
        name="irregular"
        label={t("ledger.goods.irregular")}
        extra={t("ledger.goods.irregular_hint")}
        required={isOther}
        className="wide"
      />
    </>
  );
}
