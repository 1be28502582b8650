// Filters under names: kept for this person in this browser; a link hands one on to somebody else.
import { DeleteOutlined, LinkOutlined, StarOutlined } from "@ant-design/icons";
import { App, Button, Form, Input, Popover } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import { useSession } from "~/api/queries";
import { useCopy } from "~/parts/copy";
import { useWords } from "~/words/words";
import { address, type Filter, type Saved, savedOf, withSaved } from "./filter";

export function SavedFilters({ filter }: { filter: Filter }) {
  const { t } = useWords();
  const { message } = App.useApp();
  const { data: who } = useSession();
  const copy = useCopy();
  const key = `quanlian.filters.${who?.id ?? "nobody"}`;
  const [all, setAll] = useState(() => savedOf(window.localStorage.getItem(key)));
  const [open, setOpen] = useState(false);
  const [form] = Form.useForm<{ name: string }>();

  const keep = (next: Saved[]) => {
    setAll(next);
    try {
      window.localStorage.setItem(key, JSON.stringify(next));
    } catch {
      message.warning(t("matters.saved.full"));
    }
  };
  const now = address(filter);
  return (
    <>
      <Popover
        open={open}
        onOpenChange={setOpen}
        trigger="click"
        placement="bottomRight"
        title={t("matters.saved.title")}
        content={
          <div className="matters-saved">
            {all.length === 0 && <p className="quiet">{t("matters.saved.none")}</p>}
            <ul>
              {all.map((one) => (
                <li key={one.name}>
                  <Link
                    to={`/matters?${one.query}`}
                    aria-current={one.query === now ? "true" : undefined}
                    onClick={() => setOpen(false)}
                  >
                    {one.name}
                  </Link>
                  <Button
                    type="text"
                    size="small"
                    icon={<DeleteOutlined />}
                    aria-label={t("matters.saved.remove", { name: one.name })}
                    onClick={() => keep(all.filter((other) => other !== one))}
                  />
                </li>
              ))}
            </ul>
            <Form
              form={form}
              layout="inline"
              onFinish={({ name }) => {
                keep(withSaved(all, name, filter));
                form.resetFields();
              }}
            >
              <Form.Item
                name="name"
                rules={[{ required: true, whitespace: true, message: t("frame.required") }]}
                style={{ flex: 1 }}
              >
                <Input maxLength={40} placeholder={t("matters.saved.name")} aria-label={t("matters.saved.name")} />
              </Form.Item>
              <Button htmlType="submit" type="primary">
                {t("frame.save")}
              </Button>
            </Form>
          </div>
        }
      >
        <Button icon={<StarOutlined />}>{t("matters.saved.button")}</Button>
      </Popover>
      <Button
        icon={<LinkOutlined />}
        onClick={() => void copy(`${window.location.origin}/matters${now ? `?${now}` : ""}`)}
      >
        {t("matters.saved.link")}
      </Button>
    </>
  );
}
