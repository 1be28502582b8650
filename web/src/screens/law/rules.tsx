// The rules in force: which there are on a day, what each rests on, which nobody has read, what their texts leave open.
//
// Invariant: a number stands here only as the rule book of the server has it, beside its article; what is not verified says so in the row.
import { Button, Checkbox, DatePicker, Input, Select, Table, Tag } from "antd";
import dayjs from "dayjs";
import { useDeferredValue } from "react";
import { useSearchParams } from "react-router";
import { Empty, Shown } from "~/parts/broken";
import { Unverified } from "~/parts/citation";
import { Page } from "~/parts/page";
import type { MessageKey } from "~/words/keys";
import { useWords } from "~/words/words";
import { isInForce, type RuleLine, speaksOf } from "./book";
import { useOffences, useRules } from "./book-queries";
import { RuleDrawer } from "./rule";
import "./law.css";

const ROWS = 50;

export function Component() {
  const { t } = useWords();
  const rules = useRules();
  return (
    <Page title={t("frame.nav.law")}>
      <Shown of={rules}>{(all) => <Book version={all.rule_book} rules={all.rules} />}</Shown>
    </Page>
  );
}

export function useKind(): (kind: string) => string {
  const { maybe } = useWords();
  return (kind) => maybe(`law.rule_kind.${kind}` as MessageKey, kind);
}

function Book({ version, rules }: { version: string; rules: RuleLine[] }) {
  const { t, pick, day, compare } = useWords();
  const kind = useKind();
  const { data: offences } = useOffences();
  const [asked, ask] = useSearchParams();
  const set = (name: string, value: string | undefined) =>
    ask(
      (before) => {
        const next = new URLSearchParams(before);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      { replace: name !== "rule" },
    );
  const read = (name: string) => asked.get(name) || undefined;
  const on = /^\d{4}-\d\d-\d\d$/.test(read("on") ?? "") ? read("on") : undefined;
  const words = useDeferredValue(read("q") ?? "");
  const found = rules.filter(
    (one) =>
      isInForce(one, on) &&
      speaksOf(one, words) &&
      (!read("kind") || one.kind === read("kind")) &&
      (!read("offence") || one.offences.includes(read("offence") ?? "")) &&
      (!read("unread") || !one.verified),
  );
  const kinds = [...new Set(rules.map((one) => one.kind))]
    .map((value) => ({ value, label: kind(value) }))
    .sort((one, other) => compare(one.label, other.label));
  const unread = found.filter((one) => !one.verified).length;
  return (
    <div className="stack">
      <p className="quiet">{t("law.rules.why", { version: version.slice(0, 12) })}</p>
      <div className="row no-print">
        <Input.Search
          className="rules-words"
          allowClear
          aria-label={t("law.rules.words")}
          placeholder={t("law.rules.words")}
          value={read("q") ?? ""}
          onChange={(event) => set("q", event.target.value)}
        />
        <DatePicker
          aria-label={t("law.rules.on")}
          placeholder={t("law.rules.on")}
          value={on ? dayjs(on) : null}
          onChange={(value) => set("on", value?.format("YYYY-MM-DD"))}
        />
        <Select
          allowClear
          aria-label={t("law.rules.kind")}
          placeholder={t("law.rules.kind")}
          className="rules-choice"
          options={kinds}
          value={read("kind") ?? null}
          onChange={(value: string | null) => set("kind", value ?? undefined)}
        />
        <Select
          allowClear
          aria-label={t("law.rules.offence")}
          placeholder={t("law.rules.offence")}
          className="rules-choice"
          popupMatchSelectWidth={false}
          options={(offences?.offences ?? []).map((one) => ({ value: one.id, label: pick(one.title) }))}
          value={read("offence") ?? null}
          onChange={(value: string | null) => set("offence", value ?? undefined)}
        />
        <Checkbox
          checked={Boolean(read("unread"))}
          onChange={(event) => set("unread", event.target.checked ? "1" : "")}
        >
          {t("law.rules.unread")}
        </Checkbox>
      </div>
      <p role="status">{t("law.rules.found", { count: found.length, unread })}</p>
      <Table
        rowKey="id"
        size="middle"
        dataSource={found}
        pagination={{ defaultPageSize: ROWS, hideOnSinglePage: true, showSizeChanger: false }}
        scroll={{ x: 800 }}
        locale={{ emptyText: <Empty>{t("law.rules.none")}</Empty> }}
        columns={[
          {
            title: t("law.rules.rule"),
            render: (_, one: RuleLine) => (
              <>
                <Button type="link" className="rules-name" onClick={() => set("rule", one.id)}>
                  {pick(one.title)}
                </Button>
                {one.open.length > 0 && <Tag>{t("law.rules.open", { count: one.open.length })}</Tag>}
              </>
            ),
            sorter: (one, other) => compare(pick(one.title), pick(other.title)),
          },
          {
            title: t("law.rules.citation"),
            render: (_, one: RuleLine) => (
              <>
                {pick(one.citation)} {!one.verified && <Unverified />}
              </>
            ),
            sorter: (one, other) => compare(pick(one.citation), pick(other.citation)),
          },
          { title: t("law.rules.kind"), render: (_, one: RuleLine) => kind(one.kind) },
          {
            title: t("law.rules.from"),
            render: (_, one: RuleLine) => {
              const last = one.in_force.filter((span) => isInForce({ ...one, in_force: [span] }, on)).at(-1);
              if (!last) return null;
              return last.until
                ? t("law.rules.span", { from: day(last.from), until: day(last.until) })
                : t("law.rules.since", { from: day(last.from) });
            },
          },
        ]}
      />
      <RuleDrawer id={read("rule")} on={on} onClose={() => set("rule", undefined)} />
    </div>
  );
}
