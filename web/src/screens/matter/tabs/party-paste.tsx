// Parties out of a pasted table.
import { Form, Select } from "antd";
import { useCallback, useMemo, useState } from "react";
import type { Matter, Party } from "~/api/shapes";
import { useWords } from "~/words/words";
import { filled, labelOf } from "./fields";
import { type Checked, PasteDialog } from "./paste-dialog";
import { useLedgerTerms } from "./terms";
import { cleanLine, cleanNumber, isRight, isTooLong, kindOfNumber, masked } from "./typed";

const several = (text: string | undefined) =>
  (text ?? "")
    .split(/[\n、；;]/)
    .map(cleanLine)
    .filter(Boolean);

export function PartyPaste({ matter, onClose }: { matter: Matter; onClose: () => void }) {
  const { t } = useWords();
  const terms = useLedgerTerms();
  const [role, setRole] = useState<string>();
  const columns = useMemo(
    () => [
      { key: "name", names: [t("ledger.party.name"), "姓名", "名称", "当事人", "单位", "企业名称", "name"] },
      { key: "roles", names: [t("ledger.party.roles"), "诉讼地位", "角色", "role", "roles"] },
      { key: "kind", names: [t("ledger.party.kind"), "主体类型", "性质", "kind", "type"] },
      {
        key: "number",
        names: [
          t("ledger.party.identifiers"),
          "身份证号",
          "身份证号码",
          "公民身份号码",
          "统一社会信用代码",
          "信用代码",
          "证件号",
          "number",
        ],
      },
      { key: "contacts", names: [t("ledger.party.contacts"), "电话", "手机", "手机号", "联系电话", "phone"] },
      { key: "accounts", names: [t("ledger.party.accounts"), "账号", "帐号", "店铺", "account", "accounts"] },
      { key: "address", names: [t("ledger.party.address"), "住址", "住所", "住所地", "address"] },
      { key: "remark", names: [t("ledger.remark"), "说明", "remark", "note"] },
    ],
    [t],
  );
  const check = useCallback(
    (cells: Record<string, string>): Checked => {
      const faults: string[] = [];
      const read = (kind: "party_role" | "party_kind", words: string[], what: string) =>
        words.flatMap((word) => {
          const code = terms.code(kind, word);
          if (!code) faults.push(t("ledger.unknown_word", { what, word }));
          return code ? [code] : [];
        });
      const said = several(cells["roles"]?.replaceAll(/[,，/]/g, "、"));
      const roles = said.length > 0 ? read("party_role", said, t("ledger.party.roles")) : role ? [role] : [];
      if (said.length === 0 && !role) faults.push(t("ledger.missing", { what: t("ledger.party.roles") }));
      const identifiers = several(cells["number"]).map((one) => {
        const number = cleanNumber(one);
        return { kind: kindOfNumber(number), number };
      });
      for (const one of identifiers) {
        if (isRight(one.kind, one.number) === false)
          faults.push(`${terms.name("identifier", one.kind)}：${t("ledger.party.wrong")}`);
      }
      const guessed = identifiers.some((one) => one.kind === "credit_code")
        ? "legal"
        : identifiers.some((one) => one.kind === "resident_id")
          ? "natural"
          : "unknown";
      const kind = cells["kind"] ? read("party_kind", [cells["kind"]], t("ledger.party.kind"))[0] : guessed;
      const party = filled<Party>({
        roles: [...new Set(roles)],
        kind: kind ?? "unknown",
        name: cleanLine(cells["name"] ?? ""),
        identifiers,
        contacts: several(cells["contacts"]),
        accounts: several(cells["accounts"]),
        address: cleanLine(cells["address"] ?? ""),
        remark: cells["remark"]?.trim(),
      });
      if (!labelOf(party)) faults.push(t("ledger.missing", { what: t("ledger.party.name") }));
      if (isTooLong(party.name, 500) || isTooLong(party.address, 500) || isTooLong(party.remark, 4000))
        faults.push(t("ledger.too_long", { count: 160 }));
      return {
        step: { do: "add_party", party },
        faults,
        shown: [
          labelOf(party),
          roles.map((one) => terms.name("party_role", one)).join("、"),
          terms.name("party_kind", party.kind),
          identifiers.map((one) => masked(one.number)).join("、"),
          (party.contacts ?? []).map(masked).join("、"),
          party.address ?? "",
        ],
      };
    },
    [t, terms, role],
  );
  return (
    <PasteDialog
      matter={matter}
      draft="party"
      columns={columns}
      heads={[
        t("ledger.party.name"),
        t("ledger.party.roles"),
        t("ledger.party.kind"),
        t("ledger.party.identifiers"),
        t("ledger.party.contacts"),
        t("ledger.party.address"),
      ]}
      check={check}
      common={
        <Form.Item label={t("ledger.party.default_role")} htmlFor="default-role" style={{ maxWidth: 320, margin: 0 }}>
          <Select id="default-role" allowClear value={role} onChange={setRole} options={terms.options("party_role")} />
        </Form.Item>
      }
      onClose={onClose}
    />
  );
}
