// One rule: its article, what it says, each version with its lines, what the text leaves open, and the definition that the program runs.
import { Collapse, Drawer, Table, Tag } from "antd";
import { Shown } from "~/parts/broken";
import { Unverified } from "~/parts/citation";
import type { MessageKey } from "~/words/keys";
import { useWords } from "~/words/words";
import { linesOf, type Rule, type Source, type Version } from "./book";
import { useOffences, useRule } from "./book-queries";

export function RuleDrawer({
  id,
  on,
  onClose,
}: {
  id: string | undefined;
  on: string | undefined;
  onClose: () => void;
}) {
  const { t } = useWords();
  return (
    <Drawer open={id !== undefined} size={760} onClose={onClose} title={t("law.rules.one")} destroyOnHidden>
      {id && <Loaded id={id} on={on} />}
    </Drawer>
  );
}

function Loaded({ id, on }: { id: string; on: string | undefined }) {
  const rule = useRule(id);
  return <Shown of={rule}>{(one) => <Whole rule={one} on={on} />}</Shown>;
}

function Whole({ rule, on }: { rule: Rule; on: string | undefined }) {
  const { t, pick } = useWords();
  const isOf = (one: Version) => on !== undefined && one.from <= on && (!one.to || on <= one.to);
  // The newest first; that of the day that was asked for before all.
  const versions = [...rule.versions].sort(
    (one, other) => Number(isOf(other)) - Number(isOf(one)) || other.from.localeCompare(one.from),
  );
  return (
    <div className="stack">
      <div>
        <h2>{pick(rule.title)}</h2>
        <code className="quiet">{rule.id}</code>
      </div>
      <SourceOf source={rule.source} />
      {versions.map((one) => (
        <VersionOf key={one.from} version={one} rule={rule} isOfDay={isOf(one)} />
      ))}
      {(rule.open ?? []).length > 0 && (
        <section>
          <h3>{t("law.rules.left_open")}</h3>
          <ul>
            {(rule.open ?? []).map((one) => (
              <li key={one.question.en}>
                {pick(one.question)} <span className="quiet">{pick(one.effect)}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <p className="quiet">{t("law.rules.examples", { count: (rule.examples ?? []).length })}</p>
    </div>
  );
}

function SourceOf({ source }: { source: Source }) {
  const { t, pick, day } = useWords();
  return (
    <section>
      <p>
        <strong>{pick(source.cite)}</strong> {!source.checked.verified && <Unverified />}
      </p>
      <p>{pick(source.gist)}</p>
      <p className="quiet">
        {source.law} {source.number} · {t("procedure.checked", { day: day(source.checked.on) })}
        {source.checked.note && <> · {pick(source.checked.note)}</>}
      </p>
    </section>
  );
}

function VersionOf({ version, rule, isOfDay }: { version: Version; rule: Rule; isOfDay: boolean }) {
  const { t, pick, day, money, number, maybe } = useWords();
  const { data: offences } = useOffences();
  const facts = (offences?.offences ?? []).flatMap((one) => one.facts);
  const titleOf = (name: string) => pick(facts.find((fact) => fact.name === name)?.title) || name;
  const lines = linesOf(version.body);
  return (
    <section>
      <h3>
        {version.to
          ? t("law.rules.span", { from: day(version.from), until: day(version.to) })
          : t("law.rules.since", { from: day(version.from) })}{" "}
        {isOfDay && <Tag color="blue">{t("law.rules.of_day")}</Tag>}
      </h3>
      {version.source && <SourceOf source={version.source} />}
      {lines && (
        <Table
          rowKey="id"
          size="small"
          pagination={false}
          dataSource={lines}
          columns={[
            {
              title: t("law.rules.tier"),
              render: (_, one) => maybe(`law.outcome.${one.tier}` as MessageKey, one.tier),
            },
            {
              title: t("law.rules.applies"),
              render: (_, one) => one.applies.map(titleOf).join(" · ") || t("law.rules.always"),
            },
            {
              title: t("law.rules.fact"),
              render: (_, one) => titleOf(one.fact),
            },
            {
              title: t("law.rules.at_least"),
              align: "right",
              render: (_, one) =>
                one.threshold.fen === undefined ? number(one.threshold.count ?? 0) : money(one.threshold.fen),
            },
            { title: "", render: (_, one) => !one.verified && <Unverified /> },
          ]}
        />
      )}
      <Collapse
        ghost
        items={[
          {
            key: "definition",
            label: t("law.rules.definition"),
            children: (
              // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
              <pre className="rule-definition" tabIndex={0}>
                {JSON.stringify({ rule: rule.id, ...version }, null, 2)}
              </pre>
            ),
          },
        ]}
      />
    </section>
  );
}
