// A token for a program: what it is for, how long it holds. What comes of it is shown once.
import { Button, Checkbox, Form, Input, InputNumber } from "antd";
import { write } from "~/api/client";
import { useSession } from "~/api/queries";
import { useFresh } from "~/parts/fresh";
import { ACTIONS } from "~/parts/roles";
import { Failed, useSend } from "~/parts/send";
import { useWords } from "~/words/words";

interface Typed {
  name: string;
  scopes: string[];
  days: number;
}

interface Props {
  /** Of a service account; else one's own. */
  account?: string;
  onMade: (token: string) => void;
}

export function NewToken({ account, onMade }: Props) {
  const { t } = useWords();
  const { data: who } = useSession();
  const [form] = Form.useForm<Typed>();
  const [freshly, question] = useFresh();
  const sending = useSend();
  const make = (typed: Typed) =>
    sending.run(async () => {
      const sent = { ...typed, name: typed.name.trim(), account: account ?? null };
      const made = await freshly(() => write<{ token: string }>("POST", "/api/v1/account/tokens", sent));
      form.resetFields();
      onMade(made.token);
    });
  // A token does no more than its account may, so that offering more would only mislead.
  const offered = ACTIONS.filter((action) => account !== undefined || !who || action in who.may);
  return (
    <>
      <Failed error={sending.error} />
      <Form form={form} layout="vertical" onFinish={make} initialValues={{ days: 90, scopes: [] }}>
        <Form.Item
          name="name"
          label={t("account.token.name")}
          rules={[{ required: true, whitespace: true, message: t("frame.required") }]}
        >
          <Input maxLength={100} placeholder={t("account.token.name_hint")} />
        </Form.Item>
        <Form.Item
          name="scopes"
          label={t("account.token.scopes")}
          rules={[{ required: true, message: t("account.token.scopes_missing") }]}
        >
          <Checkbox.Group options={offered.map((value) => ({ value, label: t(`roles.action.${value}`) }))} />
        </Form.Item>
        <Form.Item
          name="days"
          label={t("account.token.days")}
          rules={[{ required: true, type: "integer", min: 1, max: 366, message: t("account.token.days_hint") }]}
        >
          <InputNumber min={1} max={366} precision={0} />
        </Form.Item>
        <Button htmlType="submit" loading={sending.busy}>
          {t("account.token.make")}
        </Button>
      </Form>
      {question}
    </>
  );
}
