// Agencies and their units: codes that stay as they are, and names that may change.
import { EditOutlined, PlusOutlined } from "@ant-design/icons";
import { App, Button, Card, Form, Input, Modal, Table } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import { write } from "~/api/client";
import { queries, useAgencies, useSession } from "~/api/queries";
import type { Agency } from "~/api/shapes";
import { can } from "~/app/navigation";
import { Shown } from "~/parts/broken";
import { ExportButton } from "~/parts/export-button";
import { Page } from "~/parts/page";
import { Failed, useSend } from "~/parts/send";
import { halfWidth } from "~/words/format";
import { useWords } from "~/words/words";

/** What is set: an agency, or a unit of one; with a code where it has one already. */
interface Edited {
  agency?: string;
  unit?: boolean;
  code?: string;
  names?: { zh: string; en: string };
}

export function Component() {
  const { t, pick } = useWords();
  const agencies = useAgencies();
  const { data: who } = useSession();
  const [edited, setEdited] = useState<Edited>();
  const mayWrite = can(who, "agencies");
  const edit = (label: string, what: Edited) =>
    mayWrite && (
      <Button
        type="text"
        size="small"
        icon={<EditOutlined />}
        aria-label={t("agencies.rename", { name: label })}
        onClick={() => setEdited(what)}
      />
    );
  const sheet = () => ({
    name: t("frame.nav.agencies"),
    head: [
      t("agencies.code"),
      t("agencies.name_zh"),
      t("agencies.name_en"),
      t("agencies.unit_code"),
      t("agencies.unit"),
    ],
    rows: (agencies.data ?? []).flatMap((one) => [
      [one.code, one.names.zh, one.names.en],
      ...one.units.map((unit) => [one.code, unit.names.zh, unit.names.en, unit.code, pick(unit.names)]),
    ]),
  });
  return (
    <Page
      title={t("frame.nav.agencies")}
      actions={
        <>
          {mayWrite && (
            <Button type="primary" icon={<PlusOutlined />} onClick={() => setEdited({})}>
              {t("agencies.new")}
            </Button>
          )}
          <ExportButton sheet={sheet} disabled={!agencies.data} />
        </>
      }
    >
      <Shown of={agencies} isEmpty={(all) => all.length === 0} empty={t("frame.empty")}>
        {(all) => (
          <Card styles={{ body: { padding: 0 } }}>
            <Table<Agency>
              rowKey="code"
              size="middle"
              dataSource={all}
              pagination={false}
              scroll={{ x: "max-content" }}
              columns={[
                { key: "code", title: t("agencies.code"), dataIndex: "code" },
                {
                  key: "name",
                  title: t("agencies.name"),
                  render: (_, one) => (
                    <>
                      {pick(one.names)}
                      {edit(pick(one.names), { code: one.code, names: one.names })}
                      <div className="quiet">{pick({ zh: one.names.en, en: one.names.zh })}</div>
                    </>
                  ),
                },
                {
                  key: "units",
                  title: t("agencies.units"),
                  render: (_, one) => (
                    <span className="row">
                      {one.units.map((unit) => (
                        <span key={unit.code}>
                          {pick(unit.names)} <span className="quiet">{unit.code}</span>
                          {edit(pick(unit.names), { agency: one.code, unit: true, code: unit.code, names: unit.names })}
                        </span>
                      ))}
                      {mayWrite && (
                        <Button
                          size="small"
                          icon={<PlusOutlined />}
                          aria-label={t("agencies.new_unit_of", { name: pick(one.names) })}
                          onClick={() => setEdited({ agency: one.code, unit: true })}
                        >
                          {t("agencies.new_unit")}
                        </Button>
                      )}
                    </span>
                  ),
                },
                ...(can(who, "accounts")
                  ? [
                      {
                        key: "accounts",
                        title: t("frame.nav.accounts"),
                        render: (_: unknown, one: Agency) => (
                          <Link to={`/accounts?agency=${encodeURIComponent(one.code)}`}>{t("agencies.accounts")}</Link>
                        ),
                      },
                    ]
                  : []),
              ]}
            />
          </Card>
        )}
      </Shown>
      {edited && (
        <Names
          key={`${edited.agency}/${edited.code}`}
          edited={edited}
          known={(edited.unit ? agencies.data?.find((one) => one.code === edited.agency)?.units : agencies.data)?.map(
            (one) => one.code,
          )}
          onClose={() => setEdited(undefined)}
        />
      )}
    </Page>
  );
}

interface NamesProps {
  edited: Edited;
  known: string[] | undefined;
  onClose: () => void;
}

function Names({ edited, known, onClose }: NamesProps) {
  const { t } = useWords();
  const { message } = App.useApp();
  const [form] = Form.useForm<{ code: string; zh: string; en: string }>();
  const sending = useSend();
  const isNew = edited.code === undefined;
  const save = (typed: { code: string; zh: string; en: string }) =>
    sending.run(async () => {
      const code = encodeURIComponent(edited.code ?? halfWidth(typed.code).trim());
      const path = edited.unit
        ? `/api/v1/agencies/${encodeURIComponent(edited.agency ?? "")}/units/${code}`
        : `/api/v1/agencies/${code}`;
      await write("PUT", path, { zh: typed.zh.trim(), en: typed.en.trim() });
      await queries.invalidateQueries({ queryKey: ["agencies"] });
      message.success(t("agencies.saved"));
      onClose();
    });
  const title = isNew ? t(edited.unit ? "agencies.new_unit" : "agencies.new") : t("agencies.rename_title");
  return (
    <Modal
      open
      title={title}
      okText={t("frame.save")}
      cancelText={t("frame.cancel")}
      confirmLoading={sending.busy}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <Failed error={sending.error} />
      <Form form={form} layout="vertical" onFinish={save} initialValues={edited.names}>
        {isNew && (
          <Form.Item
            name="code"
            label={t("agencies.code")}
            extra={t("agencies.code_hint")}
            rules={[
              { required: true, whitespace: true, message: t("frame.required") },
              {
                // The server would take it for a new name of the one that is there.
                validator: (_, code?: string) =>
                  known?.includes(halfWidth(code ?? "").trim())
                    ? Promise.reject(new Error(t("agencies.code_taken")))
                    : Promise.resolve(),
              },
              { pattern: /^[a-zA-Z0-9０-９ａ-ｚ._－-]+$/, message: t("agencies.code_hint") },
            ]}
          >
            <Input maxLength={64} autoComplete="off" />
          </Form.Item>
        )}
        {(["zh", "en"] as const).map((name) => (
          <Form.Item
            key={name}
            name={name}
            label={t(`agencies.name_${name}`)}
            rules={[{ required: true, whitespace: true, message: t("frame.required") }]}
          >
            <Input maxLength={200} />
          </Form.Item>
        ))}
      </Form>
    </Modal>
  );
}
