// What the server said against a form: at the head, and at the fields that it is about.
import { Alert, type FormInstance } from "antd";
import { useCallback, useEffect } from "react";
import { useWords } from "~/words/words";
import type { Against, Sending } from "./steps";

/** Which fields a refusal is about, by its code. */
const FIELDS: Record<string, string[]> = {
  party_roles: ["roles"],
  party_nameless: ["name", "accounts"],
  party_number: ["identifiers"],
  party_check_digit: ["identifiers_despite"],
  party_kind: ["kind"],
  party_twice: ["identifiers"],
  party_acts_for: ["acts_for"],
  goods_quantity: ["quantity"],
  goods_price: ["each"],
  goods_future: ["taken_on", "on"],
  goods_from: ["from"],
  goods_lot_quantity: ["quantity"],
  goods_gone: ["lot"],
  goods_order: ["on"],
  goods_out: ["kind"],
  goods_not_out: ["kind"],
  goods_not_holder: ["giver", "irregular"],
  goods_paper: ["paper", "irregular"],
  goods_witness: ["witness", "irregular"],
};

/** Why, in words that name the fields of the pages where the server's name those of the request. */
export function useRefusalWords(): (of: Against) => string {
  const { maybe, pick } = useWords();
  return useCallback((of: Against) => maybe(`ledger.refusal.${of.code}`, pick(of.message)), [maybe, pick]);
}

// biome-ignore lint/suspicious/noExplicitAny: a form of any values; only the names of its fields are used
export function Refused({ of, form }: { of: Sending; form: FormInstance<any> }) {
  const { t } = useWords();
  const say = useRefusalWords();
  useEffect(() => {
    const said = new Map<string, string[]>();
    const there = form.getFieldsValue() as Record<string, unknown>;
    for (const one of of.against) {
      const fields = one.code === "ledger_text" && one.about === "why" ? ["why"] : (FIELDS[one.code] ?? []);
      for (const field of fields.filter((name) => name in there)) {
        said.set(field, [...(said.get(field) ?? []), say(one)]);
      }
    }
    const fields = [...said].map(([name, errors]) => ({ name, errors }));
    if (fields.length > 0) form.setFields(fields);
  }, [of.against, form, say]);
  if (!of.failure) return null;
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      style={{ marginBottom: 16 }}
      title={of.against.length > 0 ? t("ledger.refused", { count: of.against.length }) : of.failure}
      description={
        of.against.length > 0 && (
          <ul className="tab-list">
            {of.against.map((one) => (
              <li key={`${one.code}-${one.about}`}>
                {say(one)}
                {one.about && one.about !== "why" ? `（${one.about}）` : ""}
              </li>
            ))}
          </ul>
        )
      }
    />
  );
}
