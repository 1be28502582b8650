// What both forms of an account hold: unit, roles, a password that is hard to guess.
import { Button, Form, Input, Select, Space } from "antd";
import { useAgencies } from "~/api/queries";
import { areTogether, ROLES } from "~/parts/roles";
import { Several } from "~/parts/several";
import { useWords } from "~/words/words";

export function UnitField({ agency }: { agency: string | undefined }) {
  const { t, pick } = useWords();
  const { data: agencies } = useAgencies();
  const units = agencies?.find((one) => one.code === agency)?.units ?? [];
  return (
    <Form.Item name="unit" label={t("accounts.unit")}>
      <Select
        allowClear
        placeholder={t("accounts.no_unit")}
        options={units.map((one) => ({ value: one.code, label: pick(one.names) }))}
      />
    </Form.Item>
  );
}

export function RolesField() {
  const { t } = useWords();
  return (
    <Form.Item
      name="roles"
      label={t("accounts.roles")}
      extra={t("accounts.roles_hint")}
      rules={[
        {
          validator: (_, roles?: string[]) => {
            if (!roles?.length) return Promise.reject(new Error(t("accounts.roles_missing")));
            return areTogether(roles) ? Promise.resolve() : Promise.reject(new Error(t("accounts.roles_alone")));
          },
        },
      ]}
    >
      <Several
        showSearch={{ optionFilterProp: "label" }}
        options={ROLES.map((role) => ({
          value: role.id,
          label: t(role.words),
          title: t(`roles.reach.${role.reach}`),
        }))}
      />
    </Form.Item>
  );
}

// Without signs that are taken for one another when they are read aloud or copied by hand.
const SIGNS = "abcdefghjkmnpqrstuvwxyz23456789";

/** Four groups of five signs by chance: 99 bits. */
export function randomPassword(): string {
  const picked: string[] = [];
  while (picked.length < 20) {
    for (const byte of crypto.getRandomValues(new Uint8Array(32))) {
      // What would make some signs likelier than others is thrown again.
      if (byte < SIGNS.length * 8 && picked.length < 20) picked.push(SIGNS[byte % SIGNS.length] ?? "");
    }
  }
  return picked.join("").replace(/(.{5})(?=.)/g, "$1-");
}

export function PasswordField({ name, label, required }: { name: string; label: string; required?: boolean }) {
  const { t } = useWords();
  const form = Form.useFormInstance();
  return (
    <Form.Item label={label} required={required} extra={t("accounts.password_hint")}>
      <Space.Compact style={{ width: "100%" }}>
        <Form.Item name={name} noStyle rules={required ? [{ required: true, message: t("frame.required") }] : []}>
          <Input autoComplete="off" spellCheck={false} maxLength={1000} aria-label={label} />
        </Form.Item>
        <Button onClick={() => form.setFieldValue(name, randomPassword())}>{t("accounts.generate")}</Button>
      </Space.Compact>
    </Form.Item>
  );
}
