// Letting another agency in: to whom, what, what for, by which article, how to be handled, until when.
//
// Budget: from the matter's tab two clicks (agency, give); everything else is chosen already or typed where the cursor stands.
import { Alert, App, Button, Card, Collapse, DatePicker, Form, Input, Radio, Select } from "antd";
import dayjs from "dayjs";
import { useRef, useState } from "react";
import { explain } from "~/api/problem";
import { useAgencies, useSession } from "~/api/queries";
import type { Matter } from "~/api/shapes";
import { useDraft } from "~/parts/draft";
import { useNames } from "~/parts/names";
import { halfWidth, today } from "~/words/format";
import { useWords } from "~/words/words";
import { give } from "./grants";
import { cleanLine } from "./typed";

const WHATS = ["clocks", "read", "export", "write"] as const;
const DAYS = ["7", "30", "90"];

type UsualKey = "transfer" | "supervision" | "joint" | "appraisal" | "basis_310" | "basis_apl27" | "basis_apl26";

interface Values {
  to_agency?: string;
  what: (typeof WHATS)[number];
  to_unit?: string;
  to_user?: string;
  purpose: string;
  legal_basis: string;
  handling_code: string;
  term: string;
  day?: string;
}

/** What a word of the form lets somebody do; who reads sees clocks, and so on: the server closes it likewise. */
const ACTIONS: Record<Values["what"], string[]> = {
  clocks: ["clocks"],
  read: ["clocks", "read"],
  export: ["clocks", "read", "export"],
  write: ["clocks", "read", "write"],
};

/** The last instant of a day in Shanghai. */
export function endOf(day: string): string {
  return new Date(`${day}T23:59:59+08:00`).toISOString().replace(".000Z", "Z");
}

const FIRST: Values = { what: "read", purpose: "", legal_basis: "", handling_code: "case_use", term: "30" };

export function GrantForm({ matter }: { matter: Matter }) {
  const { t, pick, compare } = useWords();
  const names = useNames();
  const { message } = App.useApp();
  const { data: who } = useSession();
  const { data: agencies } = useAgencies();
  const [form] = Form.useForm<Values>();
  // What was given last is offered again: the same office shares for the same purpose.
  const [usual, keepUsual] = useDraft<Partial<Values>>("grant.usual", {});
  const [failure, setFailure] = useState<string>();
  const [busy, setBusy] = useState(false);
  const purpose = useRef<HTMLDivElement>(null);
  const others = (agencies ?? [])
    .filter((one) => one.code !== who?.agency)
    .sort((left, right) => compare(pick(left.names), pick(right.names)));

  const finish = async (values: Values) => {
    const until =
      values.term === "never"
        ? undefined
        : endOf(
            values.term === "day"
              ? (values.day ?? today())
              : dayjs(today()).add(Number(values.term), "day").format("YYYY-MM-DD"),
          );
    setBusy(true);
    setFailure(undefined);
    try {
      await give(matter.id, {
        to_agency: values.to_agency ?? "",
        ...(values.to_unit && { to_unit: values.to_unit }),
        ...(values.to_user && { to_user: halfWidth(values.to_user).trim() }),
        actions: ACTIONS[values.what],
        purpose: cleanLine(values.purpose),
        legal_basis: cleanLine(values.legal_basis),
        handling_code: values.handling_code,
        ...(until && { until }),
      });
      const { what, purpose, legal_basis, handling_code, term } = values;
      keepUsual({ what, purpose, legal_basis, handling_code, term: term === "day" ? "30" : term });
      void message.success(t("sharing.grant.given", { agency: names.agency(values.to_agency) }));
      form.resetFields(["to_agency", "to_unit", "to_user"]);
    } catch (error) {
      setFailure(explain(error));
    } finally {
      setBusy(false);
    }
  };
  const needed = [{ required: true, whitespace: true, message: t("frame.required") }];
  return (
    <Card size="small" title={t("sharing.grant.title")} className="no-print">
      <p className="quiet" style={{ marginTop: 0 }}>
        {t("sharing.grant.whole")}
      </p>
      {failure && <Alert type="error" showIcon role="alert" title={failure} style={{ marginBottom: 12 }} />}
      <Form
        form={form}
        layout="vertical"
        initialValues={{ ...FIRST, ...usual }}
        scrollToFirstError={{ focus: true }}
        onFinish={(values) => void finish(values)}
        onValuesChange={(changed: Partial<Values>) => {
          if (changed.to_agency && !form.getFieldValue("purpose")) purpose.current?.querySelector("input")?.focus();
        }}
      >
        <Form.Item name="to_agency" label={t("sharing.grant.to")} rules={needed}>
          {others.length <= 12 ? (
            <Radio.Group options={others.map((one) => ({ value: one.code, label: pick(one.names) }))} />
          ) : (
            <Select
              showSearch
              optionFilterProp="label"
              options={others.map((one) => ({ value: one.code, label: pick(one.names) }))}
            />
          )}
        </Form.Item>
        {/* The browser's own suggestions: unlike an open list of ours, they let Tab go on to the next field. */}
        <Usual id="grant-purposes" of={["transfer", "supervision", "joint", "appraisal"]} />
        <Usual id="grant-bases" of={["basis_310", "basis_apl27", "basis_apl26"]} />
        <div className="tab-fields" ref={purpose}>
          <Form.Item name="purpose" label={t("sharing.grant.purpose")} rules={needed}>
            <Input maxLength={200} list="grant-purposes" />
          </Form.Item>
          <Form.Item name="legal_basis" label={t("sharing.grant.basis")} rules={needed}>
            <Input maxLength={200} list="grant-bases" />
          </Form.Item>
        </div>
        <Form.Item name="what" label={t("sharing.grant.what")} rules={[{ required: true }]}>
          <Radio.Group options={WHATS.map((one) => ({ value: one, label: t(`sharing.what.${one}`) }))} />
        </Form.Item>
        <div className="tab-fields">
          <Form.Item name="term" label={t("sharing.grant.until")} extra={t("sharing.grant.until_end")}>
            <Radio.Group
              optionType="button"
              options={[
                ...DAYS.map((days) => ({ value: days, label: t("sharing.grant.days", { count: days }) })),
                { value: "day", label: t("sharing.grant.to_day") },
                { value: "never", label: t("sharing.for_ever") },
              ]}
            />
          </Form.Item>
          <Form.Item noStyle shouldUpdate={(before: Values, after: Values) => before.term !== after.term}>
            {() =>
              form.getFieldValue("term") === "day" && (
                <Form.Item
                  name="day"
                  label={t("sharing.grant.day")}
                  rules={[{ required: true, message: t("sharing.grant.day_missing") }]}
                  getValueProps={(value?: string) => ({ value: value ? dayjs(value) : undefined })}
                  normalize={(value: dayjs.Dayjs | null) => value?.format("YYYY-MM-DD")}
                >
                  <DatePicker minDate={dayjs(today())} format={["YYYY-MM-DD", "YYYY/M/D", "YYYYMMDD"]} />
                </Form.Item>
              )
            }
          </Form.Item>
          <Form.Item name="handling_code" label={t("sharing.grant.handling")} rules={needed}>
            <Select
              options={(["case_use", "no_forward", "internal"] as const).map((one) => ({
                value: one,
                label: t(`sharing.handling.${one}`),
              }))}
            />
          </Form.Item>
        </div>
        <Collapse
          ghost
          size="small"
          items={[
            {
              key: "narrower",
              label: t("sharing.grant.narrower"),
              forceRender: true,
              children: (
                <div className="tab-fields">
                  <Form.Item
                    noStyle
                    shouldUpdate={(before: Values, after: Values) => before.to_agency !== after.to_agency}
                  >
                    {() => (
                      <Form.Item name="to_unit" label={t("sharing.grant.unit")}>
                        <Select
                          allowClear
                          options={others
                            .find((one) => one.code === form.getFieldValue("to_agency"))
                            ?.units.map((unit) => ({ value: unit.code, label: pick(unit.names) }))}
                        />
                      </Form.Item>
                    )}
                  </Form.Item>
                  <Form.Item name="to_user" label={t("sharing.grant.user")}>
                    <Input maxLength={64} autoComplete="off" />
                  </Form.Item>
                </div>
              ),
            },
          ]}
        />
        <Button type="primary" htmlType="submit" loading={busy}>
          {t("sharing.grant.give")}
        </Button>
      </Form>
    </Card>
  );
}

function Usual({ id, of }: { id: string; of: readonly UsualKey[] }) {
  const { t } = useWords();
  return (
    <datalist id={id}>
      {of.map((one) => (
        <option key={one} value={t(`sharing.usual.${one}`)} />
      ))}
    </datalist>
  );
}
