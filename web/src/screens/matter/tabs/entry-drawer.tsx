// A form at the side of the list: a draft as long as it is not sent, refusals at its fields, the list still in view.
import { Alert, App, Button, Drawer, Form, type FormInstance } from "antd";
import { type ReactNode, useEffect } from "react";
import type { Matter } from "~/api/shapes";
import { useDraft } from "~/parts/draft";
import { useWords } from "~/words/words";
import { Refused } from "./refused";
import { type Step, useSteps } from "./steps";

interface Props<V extends object> {
  matter: Matter;
  title: string;
  /** The draft is kept under this name, one for each entry that is written to. */
  draft: string;
  initial: Partial<V>;
  steps: (values: V) => Step[];
  submit?: string;
  done?: string;
  onClose: () => void;
  children: ReactNode | ((form: FormInstance<V>) => ReactNode);
}

export function EntryDrawer<V extends object>({
  matter,
  title,
  draft,
  initial,
  steps,
  submit,
  done,
  onClose,
  children,
}: Props<V>) {
  const { t } = useWords();
  const { message } = App.useApp();
  const [form] = Form.useForm<V>();
  const [kept, keep, drop, isRestored] = useDraft<Partial<V>>(`${matter.id}.${draft}`, initial);
  const sending = useSteps(matter);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, with what was kept
  useEffect(() => form.setFieldsValue(kept as Parameters<typeof form.setFieldsValue>[0]), [form]);

  const finish = async (values: V) => {
    if (!(await sending.send(steps(values)))) return;
    drop();
    void message.success(done ?? t("ledger.saved"));
    onClose();
  };
  return (
    <Drawer
      open
      size={680}
      title={title}
      onClose={onClose}
      footer={
        <div className="row">
          <Button type="primary" loading={sending.busy} onClick={() => form.submit()}>
            {submit ?? t("ledger.submit")}
          </Button>
          <Button onClick={onClose}>{t("frame.close")}</Button>
        </div>
      }
    >
      {isRestored && (
        <Alert
          type="info"
          style={{ marginBottom: 16 }}
          title={t("ledger.draft_kept")}
          action={
            <Button
              size="small"
              onClick={() => {
                drop();
                form.resetFields();
                form.setFieldsValue(initial as Parameters<typeof form.setFieldsValue>[0]);
              }}
            >
              {t("ledger.draft_drop")}
            </Button>
          }
        />
      )}
      <Refused of={sending} form={form} />
      <Form
        form={form}
        layout="vertical"
        scrollToFirstError={{ focus: true }}
        onValuesChange={(_, all) => keep(all as Partial<V>)}
        onFinish={(values) => void finish(values)}
      >
        {typeof children === "function" ? children(form) : children}
      </Form>
    </Drawer>
  );
}
