// One indicator: its value for a period, its parts as a chart and as an equal table, its definition, the matters behind it.
import { DownloadOutlined } from "@ant-design/icons";
import { App, Button, Card, Descriptions, Result, Segmented } from "antd";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { send } from "~/api/client";
import { explain } from "~/api/problem";
import type { IndicatorDefinition } from "~/api/shapes";
import { Shown } from "~/parts/broken";
import { ExportButton } from "~/parts/export-button";
import { Page } from "~/parts/page";
import { download } from "~/parts/sheet";
import { useUrl } from "~/parts/url";
import { useWords } from "~/words/words";
import { useDefinitions, useFigure, useFigureBefore } from "./figures";
import { Doubts } from "./indicators";
import { Parts, useGroupNames } from "./parts";
import type { Period } from "./period";
import { PeriodBar, usePeriod, usePeriodWords } from "./period-bar";
import { Rows } from "./rows";
import { cellOf, change, type Figure, figurePath, sourceOf, toldChange, toldValue } from "./told";
import "./indicators.css";

export function Component() {
  const { t } = useWords();
  const { id } = useParams();
  const definitions = useDefinitions();
  return (
    <Shown of={definitions}>
      {(all) => {
        const definition = all.find((one) => one.id === id);
        return definition ? (
          <Indicator definition={definition} key={definition.id} />
        ) : (
          <Result
            status="404"
            icon={<span aria-hidden="true" />}
            title={t("indicators.absent")}
            extra={<Link to="/indicators">{t("indicators.all")}</Link>}
          />
        );
      }}
    </Shown>
  );
}

const USUAL = ["month", "procedure", "agency", "stage"] as const;

function Indicator({ definition }: { definition: IndicatorDefinition }) {
  const words = useWords();
  const { t, pick, instant } = words;
  const [period, setPeriod, text] = usePeriod();
  const [url, setUrl] = useUrl(["by", "group", "rows"]);
  const groupings = USUAL.filter((one) => definition.groupings.includes(one));
  const by = groupings.find((one) => one === url.by) ?? groupings[0] ?? "procedure";
  const figure = useFigure(definition, period, by);
  const told = usePeriodWords();
  const named = useGroupNames(by);

  return (
    <Page
      title={pick(definition.name)}
      actions={
        <>
          <PeriodBar period={period} onChange={setPeriod} />
          <ServerTable definition={definition} period={period} by={by} />
          <ExportButton
            disabled={!figure.data}
            sheet={() => figure.data && sheetOf(figure.data, definition, by, named, words, told(figure.data.period))}
          />
        </>
      }
    >
      <p className="no-print">
        <Link to={`/indicators?${text}`}>← {t("indicators.all")}</Link>
      </p>
      <div className="stack">
        <Shown of={figure}>
          {(data) => (
            <>
              <Card>
                <div className="figure-big">{toldValue(data.value, data.unit, words)}</div>
                <div className="figure-about">
                  <span>{told(data.period)}</span>
                  {definition.aggregate === "share" && data.part !== undefined ? (
                    <span>{t("indicators.part_of", { part: data.part, count: data.n })}</span>
                  ) : (
                    <span>{t("indicators.n", { count: data.n })}</span>
                  )}
                  <Before definition={definition} period={period} figure={data} />
                  <span className="quiet">{t("indicators.computed_at", { at: instant(data.computed_at) })}</span>
                </div>
                <div className="figure-source quiet">
                  {t("indicators.source", { source: pick(sourceOf(definition)) })}
                </div>
                <Doubts figure={data} />
              </Card>
              <Card
                title={<h2 className="figure-title">{t("indicators.by.label")}</h2>}
                extra={
                  <Segmented
                    className="no-print"
                    aria-label={t("indicators.by.label")}
                    value={by}
                    options={groupings.map((value) => ({ value, label: t(`indicators.by.${value}`) }))}
                    onChange={(value) => setUrl({ by: value, group: undefined })}
                  />
                }
              >
                <Parts
                  figure={data}
                  by={by}
                  period={period}
                  name={pick(definition.name)}
                  onPick={(group) => setUrl({ by, group, rows: "1" }, { push: true })}
                />
              </Card>
            </>
          )}
        </Shown>
        <Rows
          definition={definition}
          period={period}
          by={by}
          group={url.group}
          isAsked={url.rows === "1"}
          onWhole={() => setUrl({ group: undefined })}
        />
        <Defined definition={definition} />
      </div>
    </Page>
  );
}

function Before({ definition, period, figure }: { definition: IndicatorDefinition; period: Period; figure: Figure }) {
  const words = useWords();
  const told = usePeriodWords();
  const { former, figure: then } = useFigureBefore(definition, period);
  if (!former || !then) return null;
  const changed = change(figure.value, then.value);
  return (
    <>
      <span>{changed ? toldChange(changed, figure.unit, words) : words.t("indicators.change.none")}</span>
      <span className="quiet">
        {words.t("indicators.before", { period: told(then.period), value: toldValue(then.value, then.unit, words) })}
      </span>
    </>
  );
}

/** The table as the server writes it, for who wants to compare. */
function ServerTable({ definition, period, by }: { definition: IndicatorDefinition; period: Period; by: string }) {
  const { t } = useWords();
  const { message } = App.useApp();
  const [busy, setBusy] = useState(false);
  const get = async () => {
    setBusy(true);
    try {
      const answer = await send(figurePath(definition, period, { by, format: "csv" }));
      download(`${definition.id}.csv`, await answer.arrayBuffer(), "text/csv;charset=utf-8");
    } catch (error) {
      message.error(explain(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button icon={<DownloadOutlined />} loading={busy} onClick={() => void get()}>
      {t("indicators.file.csv")}
    </Button>
  );
}

function sheetOf(
  figure: Figure,
  definition: IndicatorDefinition,
  by: string,
  named: (group: string | null) => string,
  words: ReturnType<typeof useWords>,
  period: string,
) {
  const { t, pick, maybe, day } = words;
  const { checked } = definition;
  return {
    name: `${pick(definition.name)}-${figure.computed_at.slice(0, 10)}`,
    head: [maybe(`indicators.by.${by}`, by), t("indicators.value"), "n", t("indicators.rows.missing")],
    rows: [
      [t("frame.all"), cellOf(figure.value, figure.unit), figure.n, figure.missing],
      ...figure.parts.map((part) => [named(part.group), cellOf(part.value, figure.unit), part.n, part.missing]),
    ],
    about: [
      [t("indicators.definition.words"), pick(definition.definition)],
      [t("indicators.period.label"), period],
      [t("indicators.definition.unit"), maybe(`indicators.unit.name_${figure.unit}`, figure.unit)],
      [t("indicators.definition.version"), `${definition.id} ${figure.version}`],
      [t("indicators.definition.source"), pick(sourceOf(definition))],
      [
        t("indicators.definition.checked"),
        t(checked.verified ? "indicators.definition.checked_on" : "indicators.definition.not_checked", {
          on: day(checked.on),
        }),
      ],
      ...(figure.is_complete ? [] : [["!", t("indicators.incomplete")]]),
    ] as [string, string][],
  };
}

function Defined({ definition }: { definition: IndicatorDefinition }) {
  const { t, pick, maybe, day } = useWords();
  const { checked } = definition;
  const item = (key: Parameters<typeof t>[0], children: React.ReactNode) => ({ key, label: t(key), children });
  return (
    <Card title={<h2 className="figure-title">{t("indicators.definition.title")}</h2>}>
      <Descriptions
        bordered
        size="small"
        column={1}
        items={[
          item("indicators.definition.words", pick(definition.definition)),
          item("indicators.definition.unit", maybe(`indicators.unit.name_${definition.unit}`, definition.unit)),
          item(
            "indicators.definition.aggregate",
            maybe(`indicators.aggregate.${definition.aggregate}`, definition.aggregate),
          ),
          item("indicators.definition.period", maybe(`indicators.counts_by.${definition.period}`, definition.period)),
          item("indicators.definition.source", pick(sourceOf(definition))),
          item(
            "indicators.definition.checked",
            t(checked.verified ? "indicators.definition.checked_on" : "indicators.definition.not_checked", {
              on: day(checked.on),
            }),
          ),
          item("indicators.definition.version", t("indicators.definition.version_is", { version: definition.version })),
          item(
            "indicators.definition.data",
            <pre className="figure-data">
              {JSON.stringify(
                {
                  id: definition.id,
                  counts: definition["counts"],
                  period: definition.period,
                  value: definition["value"],
                  aggregate: definition.aggregate,
                },
                null,
                2,
              )}
            </pre>,
          ),
        ]}
      />
    </Card>
  );
}
