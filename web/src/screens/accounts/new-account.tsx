// A new account. What was typed stays until it is made or given up.
import { App, Button, Drawer, Form, Input, Select, Switch } from "antd";
import { useState } from "react";
import { write } from "~/api/client";
import { queries, useAgencies } from "~/api/queries";
import type { Account } from "~/api/shapes";
import { ShownOnce } from "~/parts/once";
import { Failed, useSend } from "~/parts/send";
import { halfWidth } from "~/words/format";
import { useWords } from "~/words/words";
import { PasswordField, RolesField, UnitField } from "./fields";

interface Typed {
  agency: string;
  login: string;
  user?: string;
  name: string;
  unit?: string;
  roles: string[];
  is_service?: boolean;
  password?: string;
}

interface Props {
  open: boolean;
  agency: string | undefined;
  onClose: () => void;
}

export function NewAccount({ open, agency, onClose }: Props) {
  const { t, pick } = useWords();
  const { message } = App.useApp();
  const { data: agencies } = useAgencies();
  const [form] = Form.useForm<Typed>();
  const sending = useSend();
  const [first, setFirst] = useState<string>();
  const of = Form.useWatch("agency", form);
  const isService = Form.useWatch("is_service", form);

  const make = (typed: Typed) =>
    sending.run(async () => {
      const login = halfWidth(typed.login).trim();
      const password = typed.is_service ? undefined : typed.password || undefined;
      const made = await write<Account>("POST", "/api/v1/accounts", {
        login,
        agency: typed.agency,
        user: halfWidth(typed.user ?? "").trim() || login,
        unit: typed.unit ?? null,
        name: typed.name.trim(),
        roles: typed.roles,
        is_service: typed.is_service ?? false,
        password: password ?? null,
      });
      await queries.invalidateQueries({ queryKey: ["accounts"] });
      message.success(t("accounts.made", { name: made.name }));
      form.resetFields();
      setFirst(password);
      onClose();
    });

  return (
    <>
      <Drawer
        open={open}
        onClose={onClose}
        title={t("accounts.new")}
        size={520}
        extra={
          <Button type="primary" loading={sending.busy} onClick={() => form.submit()}>
            {t("accounts.make")}
          </Button>
        }
      >
        <Failed error={sending.error} />
        <Form form={form} name="new-account" layout="vertical" onFinish={make} initialValues={{ agency, roles: [] }}>
          <Form.Item
            name="agency"
            label={t("accounts.agency")}
            rules={[{ required: true, message: t("frame.required") }]}
          >
            <Select
              showSearch={{ optionFilterProp: "label" }}
              options={(agencies ?? []).map((one) => ({ value: one.code, label: pick(one.names) }))}
              onChange={() => form.setFieldValue("unit", undefined)}
            />
          </Form.Item>
          <UnitField agency={of} />
          <Form.Item
            name="name"
            label={t("accounts.name")}
            rules={[{ required: true, whitespace: true, message: t("frame.required") }]}
          >
            <Input maxLength={100} />
          </Form.Item>
          <Form.Item
            name="login"
            label={t("accounts.login")}
            extra={t("accounts.login_hint")}
            rules={[{ required: true, whitespace: true, message: t("frame.required") }]}
          >
            <Input maxLength={128} autoComplete="off" />
          </Form.Item>
          <Form.Item name="user" label={t("accounts.user")} extra={t("accounts.user_hint")}>
            <Input maxLength={128} autoComplete="off" />
          </Form.Item>
          <RolesField />
          <Form.Item
            name="is_service"
            label={t("accounts.service")}
            extra={t("accounts.service_hint")}
            valuePropName="checked"
          >
            <Switch />
          </Form.Item>
          {!isService && <PasswordField name="password" label={t("accounts.first_password")} />}
        </Form>
      </Drawer>
      <ShownOnce
        title={t("accounts.first_password")}
        why={t("accounts.first_password_why")}
        secrets={first === undefined ? undefined : [first]}
        onDone={() => setFirst(undefined)}
      />
    </>
  );
}
