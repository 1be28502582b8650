// One account: its place, roles and state; a new password where the person lost theirs; where its notices are mailed; tokens of a service.
import { Alert, App, Button, Divider, Drawer, Form, Input, Select } from "antd";
import { useEffect, useState } from "react";
import { write } from "~/api/client";
import { Problem } from "~/api/problem";
import { queries } from "~/api/queries";
import type { Account } from "~/api/shapes";
import { useNames } from "~/parts/names";
import { ShownOnce } from "~/parts/once";
import { Failed, useSend } from "~/parts/send";
import { useWords } from "~/words/words";
import { NewToken } from "../account/new-token";
import { AccountMail } from "./account-mail";
import { PasswordField, RolesField, UnitField } from "./fields";
import { Subjects } from "./subjects";

interface Typed {
  name: string;
  unit?: string;
  roles: string[];
  state: string;
  new_password?: string;
}

export function EditAccount({ account, onClose }: { account: Account | undefined; onClose: () => void }) {
  const { t } = useWords();
  return (
    <Drawer
      open={account !== undefined}
      onClose={onClose}
      title={account ? `${account.name}（${account.login}）` : t("accounts.edit")}
      size={560}
      destroyOnHidden
    >
      {account && <Edit key={account.id} account={account} onDone={onClose} />}
    </Drawer>
  );
}

function Edit({ account, onDone }: { account: Account; onDone: () => void }) {
  const { t } = useWords();
  const { message, modal } = App.useApp();
  const names = useNames();
  const [form] = Form.useForm<Typed>();
  const sending = useSend();
  const [token, setToken] = useState<string>();
  // What somebody else changed meanwhile is seen before it is written over.
  const [seen, setSeen] = useState(account.version);
  const isStale = account.version !== seen;
  const isConflict = sending.error instanceof Problem && sending.error.status === 412;
  useEffect(() => {
    if (isConflict) void queries.invalidateQueries({ queryKey: ["accounts"] });
  }, [isConflict]);

  const save = (typed: Typed) =>
    sending.run(async () => {
      const changed = await write<Account>(
        "PUT",
        `/api/v1/accounts/${account.id}`,
        {
          unit: typed.unit ?? null,
          name: typed.name.trim(),
          roles: typed.roles,
          state: typed.state,
          new_password: typed.new_password || null,
        },
        { version: `${seen}` },
      );
      setSeen(changed.version);
      form.setFieldValue("new_password", undefined);
      await queries.invalidateQueries({ queryKey: ["accounts"] });
      message.success(t("accounts.saved", { name: changed.name }));
      onDone();
    });
  const asked = (typed: Typed) => {
    const warnings = [
      typed.state === "ended" && account.state !== "ended" ? t("accounts.ends_for_good") : undefined,
      typed.state === "suspended" && account.state === "active" ? t("accounts.suspends") : undefined,
      typed.new_password ? t("accounts.password_resets") : undefined,
    ].filter((one) => one !== undefined);
    if (warnings.length === 0) return void save(typed);
    modal.confirm({
      title: t("accounts.sure", { name: account.name }),
      content: (
        <ul>
          {warnings.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      ),
      okText: t("accounts.do_it"),
      okButtonProps: { danger: true },
      cancelText: t("frame.cancel"),
      onOk: () => void save(typed),
    });
  };

  return (
    <>
      <p className="quiet">
        {t("accounts.is", { agency: names.agency(account.agency), user: account.user, version: account.version })}
      </p>
      <Failed error={sending.error} />
      {isStale && (
        <Alert
          type="warning"
          showIcon
          className="failed"
          title={t("accounts.changed_meanwhile")}
          action={
            <Button
              onClick={() => {
                setSeen(account.version);
                sending.clear();
                form.setFieldsValue({
                  name: account.name,
                  unit: account.unit ?? undefined,
                  roles: account.roles,
                  state: account.state,
                });
              }}
            >
              {t("accounts.take_theirs")}
            </Button>
          }
        />
      )}
      <Form
        form={form}
        name="account"
        layout="vertical"
        onFinish={asked}
        initialValues={{
          name: account.name,
          unit: account.unit ?? undefined,
          roles: account.roles,
          state: account.state,
        }}
      >
        <Form.Item
          name="name"
          label={t("accounts.name")}
          rules={[{ required: true, whitespace: true, message: t("frame.required") }]}
        >
          <Input maxLength={100} />
        </Form.Item>
        <UnitField agency={account.agency} />
        <RolesField />
        <Form.Item name="state" label={t("accounts.state")} extra={t("accounts.state_hint")}>
          <Select
            disabled={account.state === "ended"}
            options={(["active", "suspended", "ended"] as const).map((value) => ({
              value,
              label: t(`accounts.states.${value}`),
            }))}
          />
        </Form.Item>
        {!account.is_service && <PasswordField name="new_password" label={t("accounts.new_password")} />}
        <Button type="primary" htmlType="submit" loading={sending.busy} disabled={isStale}>
          {t("frame.save")}
        </Button>
      </Form>
      <Divider />
      {account.is_service ? (
        <>
          <h2 className="drawer-part">{t("accounts.tokens")}</h2>
          <p>{t("accounts.tokens_why")}</p>
          <NewToken account={account.id} onMade={setToken} />
        </>
      ) : (
        <>
          <AccountMail account={account.id} />
          <Subjects account={account.id} />
        </>
      )}
      <ShownOnce
        title={t("account.token.shown")}
        why={t("account.token.shown_why")}
        secrets={token === undefined ? undefined : [token]}
        onDone={() => setToken(undefined)}
      />
    </>
  );
}
