// The form of a party, new or corrected.
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Form, Input, Select } from "antd";
import type { Identifier, Ledger, Matter, Party, PartyEntry } from "~/api/shapes";
import { Several } from "~/parts/several";
import { useWords } from "~/words/words";
import { EntryDrawer } from "./entry-drawer";
import { filled, LineField, LinesField, partyOptions, RemarkField } from "./fields";
import { useLedgerTerms } from "./terms";
import { cleanLine, cleanNumber, isRight, kindOfNumber, linesOf } from "./typed";

interface Values extends Omit<Party, "accounts" | "contacts"> {
  accounts?: string;
  contacts?: string;
  why?: string;
}

function partyOf(values: Values): Party {
  const { why: _, ...party } = values;
  const line = (text?: string) => cleanLine(text ?? "") || undefined;
  return filled<Party>({
    ...party,
    name: line(party.name),
    address: line(party.address),
    accounts: linesOf(values.accounts),
    contacts: linesOf(values.contacts),
    identifiers: (party.identifiers ?? [])
      .map((one) => ({ kind: one.kind, number: cleanNumber(one.number ?? "") }))
      .filter((one) => one.number),
    identifiers_despite: party.identifiers_despite?.trim(),
    remark: party.remark?.trim(),
  });
}

function valuesOf(party: Party): Partial<Values> {
  return { ...party, accounts: party.accounts?.join("\n"), contacts: party.contacts?.join("\n") };
}

export function PartyForm({
  matter,
  ledger,
  entry,
  onClose,
}: {
  matter: Matter;
  ledger: Ledger;
  entry?: PartyEntry | undefined;
  onClose: () => void;
}) {
  const { t } = useWords();
  const terms = useLedgerTerms();
  return (
    <EntryDrawer<Values>
      matter={matter}
      title={entry ? t("ledger.party.correct", { id: entry.id }) : t("ledger.party.add")}
      draft={entry ? `party.${entry.id}` : "party"}
      initial={entry ? valuesOf(entry.party) : { kind: "unknown" }}
      steps={(values) => {
        const party = partyOf(values);
        return entry
          ? [{ do: "correct_party", id: entry.id, party, why: values.why ?? "" }]
          : [{ do: "add_party", party }];
      }}
      onClose={onClose}
    >
      {(form) => (
        <div className="tab-fields">
          <Form.Item
            name="roles"
            label={t("ledger.party.roles")}
            rules={[{ required: true, message: t("frame.required") }]}
          >
            <Several options={terms.options("party_role")} optionFilterProp="label" />
          </Form.Item>
          <Form.Item name="kind" label={t("ledger.party.kind")} rules={[{ required: true }]}>
            <Select options={terms.options("party_kind")} />
          </Form.Item>
          <LineField name="name" label={t("ledger.party.name")} extra={t("ledger.party.name_hint")} className="wide" />
          <div className="wide">
            <Form.Item
              noStyle
              shouldUpdate={(before: Values, after: Values) => before.identifiers !== after.identifiers}
            >
              {() => <NumberFields form={form.getFieldValue("identifiers") as Identifier[] | undefined} />}
            </Form.Item>
          </div>
          <LinesField name="contacts" label={t("ledger.party.contacts")} />
          <LinesField name="accounts" label={t("ledger.party.accounts")} extra={t("ledger.party.accounts_hint")} />
          <LineField name="address" label={t("ledger.party.address")} className="wide" />
          <Form.Item name="acts_for" label={t("ledger.party.acts_for")} className="wide">
            <Select allowClear showSearch optionFilterProp="label" options={partyOptions(ledger, entry?.id)} />
          </Form.Item>
          <RemarkField name="remark" label={t("ledger.remark")} className="wide" />
          {entry && (
            <RemarkField name="why" label={t("ledger.why")} extra={t("ledger.why_hint")} required className="wide" />
          )}
        </div>
      )}
    </EntryDrawer>
  );
}

/** Numbers of papers with their check as they are typed; a wrong one asks for its reason. */
function NumberFields({ form: typed }: { form: Identifier[] | undefined }) {
  const { t } = useWords();
  const terms = useLedgerTerms();
  const form = Form.useFormInstance();
  const hasWrong = typed?.some((one) => one?.number && isRight(one.kind, one.number) === false);
  return (
    <>
      <Form.Item label={t("ledger.party.identifiers")} style={{ marginBottom: 8 }}>
        <Form.Item name="identifiers" noStyle>
          <span />
        </Form.Item>
        <Form.List name="identifiers">
          {(rows, { add, remove }) => (
            <>
              {rows.map((row, at) => {
                const one = typed?.[at];
                const right = one?.number ? isRight(one.kind, one.number) : undefined;
                return (
                  <div key={row.key} className="row" style={{ marginBottom: 8, alignItems: "flex-start" }}>
                    <Form.Item name={[row.name, "kind"]} noStyle>
                      <Select
                        style={{ width: 190 }}
                        aria-label={t("ledger.party.identifier_kind")}
                        options={terms.options("identifier")}
                      />
                    </Form.Item>
                    <div style={{ flex: 1, minWidth: 220 }}>
                      <Form.Item name={[row.name, "number"]} noStyle>
                        <Input
                          aria-label={t("ledger.party.identifier_number")}
                          maxLength={64}
                          autoComplete="off"
                          onBlur={(event) => {
                            const number = cleanNumber(event.target.value);
                            const kind = one?.kind ?? kindOfNumber(number);
                            // Who typed a citizen's number under another kind meant a citizen's number.
                            const found = kindOfNumber(number);
                            const better = isRight(found, number) && !isRight(kind, number) ? found : kind;
                            form.setFieldValue(["identifiers", row.name], { kind: better, number });
                          }}
                        />
                      </Form.Item>
                      <output>
                        {right === true && <span className="tab-good">✓ {t("ledger.party.right")}</span>}
                        {right === false && <span className="tab-bad">✗ {t("ledger.party.wrong")}</span>}
                      </output>
                    </div>
                    <Button
                      icon={<DeleteOutlined />}
                      aria-label={t("ledger.party.identifier_drop")}
                      onClick={() => remove(row.name)}
                    />
                  </div>
                );
              })}
              <Button
                type="dashed"
                icon={<PlusOutlined />}
                disabled={rows.length >= 20}
                onClick={() => {
                  const kind = form.getFieldValue("kind") as string;
                  add({
                    kind: kind === "legal" || kind === "organisation" ? "credit_code" : "resident_id",
                    number: "",
                  });
                }}
              >
                {t("ledger.party.identifier_add")}
              </Button>
            </>
          )}
        </Form.List>
      </Form.Item>
      {(hasWrong || form.getFieldValue("identifiers_despite")) && (
        <RemarkField
          name="identifiers_despite"
          label={t("ledger.party.despite")}
          extra={t("ledger.party.despite_hint")}
        />
      )}
    </>
  );
}
