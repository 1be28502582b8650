// 涉案物品清单 on paper: one line for each lot, places for signatures.
import type { Ledger, Matter } from "~/api/shapes";
import { useNames } from "~/parts/names";
import { useWords } from "~/words/words";
import { goodsLabel } from "./fields";
import { useLedgerTerms } from "./terms";

export function GoodsPrint({ matter, ledger }: { matter: Matter; ledger: Ledger }) {
  const { t, day, money } = useWords();
  const terms = useLedgerTerms();
  const names = useNames();
  const standing = ledger.goods.filter((entry) => !entry.withdrawn);
  return (
    <div className="tab-print">
      <h2 style={{ textAlign: "center" }}>{t("ledger.goods.printed_title")}</h2>
      <p>
        {names.agency(matter.owner_agency)} · {matter.number} · {matter.title}
      </p>
      <table>
        <thead>
          <tr>
            <th>{t("ledger.goods.lot")}</th>
            <th>{t("ledger.goods.name")}</th>
            <th>{t("ledger.goods.quantity")}</th>
            <th>{t("ledger.goods.value")}</th>
            <th>{t("ledger.goods.measure")}</th>
            <th>{t("ledger.goods.holder")}</th>
            <th>{t("ledger.remark")}</th>
          </tr>
        </thead>
        <tbody>
          {standing.flatMap(({ id, goods, lots }) =>
            lots.map((lot) => (
              <tr key={`${id}.${lot.number}`}>
                <td>
                  {id}.{lot.number}
                </td>
                <td>{goodsLabel(goods)}</td>
                <td>
                  {lot.quantity} {goods.unit}
                </td>
                <td>
                  {goods.price &&
                    `${money(goods.price.each_fen * lot.quantity)} (${terms.name("price_basis", goods.price.basis)})`}
                </td>
                <td>
                  {day(goods.taken_on)} {terms.name("goods_measure", goods.measure)} {goods.paper}
                </td>
                <td>
                  {lot.by ? terms.name("movement", lot.by) : t("ledger.goods.in_store")}：{lot.holder}，{lot.place}
                  {lot.seal && `，${lot.seal}`}
                </td>
                <td>{goods.remark}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
      <p style={{ marginTop: "12mm", display: "flex", justifyContent: "space-between" }}>
        <span>{t("ledger.goods.sign_giver")}：__________</span>
        <span>{t("ledger.goods.sign_receiver")}：__________</span>
        <span>{t("ledger.goods.sign_witness")}：__________</span>
        <span>{t("ledger.goods.sign_on")}：__________</span>
      </p>
    </div>
  );
}
