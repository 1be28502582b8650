// Goods out of a pasted table, with what a whole seizure has in common said once.
import { Form, Input, Select } from "antd";
import { useCallback, useMemo } from "react";
import type { Goods, Ledger, Matter } from "~/api/shapes";
import { useDraft } from "~/parts/draft";
import { fenOf, today } from "~/words/format";
import { useWords } from "~/words/words";
import { filled, labelOf, partyOptions } from "./fields";
import { type Checked, PasteDialog } from "./paste-dialog";
import { useLedgerTerms } from "./terms";
import { cleanLine, countOf, dayOf, isTooLong } from "./typed";

type Cells = Record<string, string>;

/** Columns of a list of goods, with what other lists call them. */
function useColumns() {
  const { t } = useWords();
  return useMemo(
    () => [
      { key: "name", names: [t("ledger.goods.name"), "物品名称", "品名", "name"] },
      { key: "quantity", names: [t("ledger.goods.quantity"), "quantity"] },
      { key: "unit", names: [t("ledger.goods.unit"), "计量单位", "unit"] },
      { key: "kind", names: [t("ledger.goods.kind"), "种类", "kind"] },
      { key: "brand", names: [t("ledger.goods.brand"), "商标", "brand"] },
      { key: "model", names: [t("ledger.goods.model"), "规格", "型号", "特征", "model"] },
      { key: "each", names: [t("ledger.goods.each"), "单价", "价格", "price"] },
      { key: "basis", names: [t("ledger.goods.basis"), "basis"] },
      { key: "shown_by", names: [t("ledger.goods.shown_by"), "价格来源", "shown by"] },
      { key: "measure", names: [t("ledger.goods.measure"), "强制措施", "measure"] },
      { key: "taken_on", names: [t("ledger.goods.taken_on"), "日期", "扣押日期", "taken on"] },
      { key: "found_at", names: [t("ledger.goods.found_at"), "地点", "found at"] },
      { key: "from", names: [t("ledger.goods.from"), "当事人", "持有人", "taken from"] },
      { key: "paper", names: [t("ledger.goods.paper"), "文书", "文书编号", "paper"] },
      { key: "holder", names: [t("ledger.goods.holder"), "held by"] },
      { key: "place", names: [t("ledger.goods.place"), "存放处", "kept at"] },
      { key: "seal", names: [t("ledger.goods.seal"), "封签", "seal"] },
      { key: "remark", names: [t("ledger.remark"), "说明", "remark"] },
    ],
    [t],
  );
}

export function GoodsPaste({ matter, ledger, onClose }: { matter: Matter; ledger: Ledger; onClose: () => void }) {
  const { t, money, day } = useWords();
  const terms = useLedgerTerms();
  const columns = useColumns();
  const [common, setCommon] = useDraft<Cells>(`${matter.id}.goods.common`, { measure: "seized", taken_on: today() });
  const check = useCallback(
    (own: Cells): Checked => {
      const faults: string[] = [];
      const cells: Cells = { ...filled(common), ...own };
      const nameOf = (key: string) => columns.find((column) => column.key === key)?.names[0] ?? key;
      const need = <T,>(key: string, read: (text: string) => T | undefined, bad: string): T | undefined => {
        const text = cells[key];
        if (!text) {
          faults.push(t("ledger.missing", { what: nameOf(key) }));
          return undefined;
        }
        const value = read(text);
        if (value === undefined) faults.push(`${nameOf(key)}：${bad}`);
        return value;
      };
      const line = (key: string) => need(key, (text) => (isTooLong(text, 500) ? undefined : cleanLine(text)), "");
      const word = (kind: "goods_kind" | "goods_measure" | "price_basis", key: string, text: string | undefined) => {
        const code = text ? terms.code(kind, text) : undefined;
        if (text && !code) faults.push(t("ledger.unknown_word", { what: nameOf(key), word: text }));
        return code;
      };
      const from = cells["from"] && partyBy(ledger, cells["from"]);
      if (cells["from"] && !from) faults.push(t("ledger.unknown_word", { what: nameOf("from"), word: cells["from"] }));
      let price: Goods["price"];
      if (cells["each"]) {
        const fen = need("each", fenOf, t("ledger.bad_money"));
        const basis = word(
          "price_basis",
          "basis",
          need("basis", (text) => text, ""),
        );
        const shown = line("shown_by");
        if (fen !== undefined && basis && shown) price = { each_fen: fen, basis, shown_by: shown };
      }
      const taken = need("taken_on", dayOf, t("ledger.bad_day"));
      if (taken && taken > today()) faults.push(`${nameOf("taken_on")}：${t("ledger.future_day")}`);
      const goods = filled<Goods>({
        name: line("name") ?? "",
        kind: word("goods_kind", "kind", cells["kind"]) ?? "infringing",
        brand: cleanLine(cells["brand"] ?? ""),
        model: cleanLine(cells["model"] ?? ""),
        quantity: need("quantity", countOf, t("ledger.bad_count")) ?? 0,
        unit: line("unit") ?? "",
        price,
        measure:
          word(
            "goods_measure",
            "measure",
            need("measure", (text) => text, ""),
          ) ?? "",
        taken_on: taken ?? "",
        found_at: line("found_at") ?? "",
        from: from || undefined,
        paper: cleanLine(cells["paper"] ?? ""),
        holder: line("holder") ?? "",
        place: line("place") ?? "",
        seal: cleanLine(cells["seal"] ?? ""),
        remark: cells["remark"]?.trim(),
      });
      return {
        step: { do: "add_goods", goods },
        faults,
        shown: [
          [cells["name"], goods.brand, goods.model].filter(Boolean).join(" "),
          `${goods.quantity || (cells["quantity"] ?? "")} ${goods.unit ?? ""}`,
          money(price?.each_fen),
          terms.name("goods_measure", goods.measure),
          day(goods.taken_on),
          goods.holder ?? "",
          goods.place ?? "",
        ],
      };
    },
    [common, columns, ledger, t, terms, money, day],
  );
  return (
    <PasteDialog
      matter={matter}
      draft="goods"
      columns={columns}
      heads={["name", "quantity", "each", "measure", "taken_on", "holder", "place"].map(
        (key) => columns.find((column) => column.key === key)?.names[0] ?? key,
      )}
      check={check}
      common={<Common value={common} onChange={setCommon} ledger={ledger} />}
      onClose={onClose}
    />
  );
}

/** A party by its id, or by the whole of its name where one alone has it. */
function partyBy(ledger: Ledger, text: string): string | undefined {
  const found = ledger.parties.filter(
    (entry) => !entry.withdrawn && (entry.id === text.trim().toUpperCase() || labelOf(entry.party) === cleanLine(text)),
  );
  return found.length === 1 ? found[0]?.id : undefined;
}

function Common({ value, onChange, ledger }: { value: Cells; onChange: (value: Cells) => void; ledger: Ledger }) {
  const { t } = useWords();
  const terms = useLedgerTerms();
  const id = (key: string) => `common-${key}`;
  const put = (key: string, text: string | undefined) => onChange({ ...value, [key]: text ?? "" });
  const line = (key: "taken_on" | "found_at" | "paper" | "holder" | "place" | "unit") => (
    <Form.Item label={t(`ledger.goods.${key}`)} htmlFor={id(key)} style={{ marginBottom: 8 }}>
      <Input id={id(key)} value={value[key] ?? ""} onChange={(event) => put(key, event.target.value)} />
    </Form.Item>
  );
  return (
    <div className="tab-fields">
      <Form.Item label={t("ledger.goods.measure")} htmlFor={id("measure")} style={{ marginBottom: 8 }}>
        <Select
          id={id("measure")}
          allowClear
          value={value["measure"] || undefined}
          onChange={(code?: string) => put("measure", code)}
          options={terms.options("goods_measure")}
        />
      </Form.Item>
      {line("taken_on")}
      {line("found_at")}
      <Form.Item label={t("ledger.goods.from")} htmlFor={id("from")} style={{ marginBottom: 8 }}>
        <Select
          id={id("from")}
          allowClear
          value={value["from"] || undefined}
          onChange={(party?: string) => put("from", party)}
          options={partyOptions(ledger)}
        />
      </Form.Item>
      {line("paper")}
      {line("holder")}
      {line("place")}
      {line("unit")}
    </div>
  );
}
