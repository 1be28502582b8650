// All figures that somebody may see, for a period: each with its unit, from how many rows, what is missing, and whence it comes.
import { Alert, Card, Tag, Tooltip } from "antd";
import { Link } from "react-router";
import { explain } from "~/api/problem";
import type { IndicatorDefinition } from "~/api/shapes";
import { Shown } from "~/parts/broken";
import { Page } from "~/parts/page";
import { useWords } from "~/words/words";
import { useDefinitions, useFigure, useFigureBefore } from "./figures";
import { months, type Period } from "./period";
import { PeriodBar, usePeriod, usePeriodWords } from "./period-bar";
import { Spark } from "./spark";
import { change, type Figure, sourceOf, toldChange, toldValue } from "./told";
import "./indicators.css";

/** Which stand together, by the beginnings of their names. */
const GROUPS = [
  ["matters", ["matters-", "days-"]],
  ["clocks", ["clocks-"]],
  ["transfers", ["transfers", "police-"]],
  ["found", ["illegal-gain", "business-volume", "penalty-", "goods-"]],
  ["court", ["court-"]],
] as const;

export function grouped(definitions: IndicatorDefinition[]) {
  const left = new Set(definitions);
  const groups = GROUPS.map(([name, beginnings]) => {
    const some = definitions.filter((one) => left.has(one) && beginnings.some((each) => one.id.startsWith(each)));
    for (const one of some) left.delete(one);
    return { name, some };
  });
  return [...groups, { name: "others" as const, some: [...left] }].filter((group) => group.some.length > 0);
}

export function Component() {
  const { t } = useWords();
  const definitions = useDefinitions();
  const [period, setPeriod, text] = usePeriod();
  const told = usePeriodWords();
  return (
    <Page title={t("frame.nav.indicators")} actions={<PeriodBar period={period} onChange={setPeriod} />}>
      <p className="quiet">
        {t("indicators.about", {
          period: told({ first: period.from ?? null, last: period.to ?? null }),
        })}
      </p>
      <Shown of={definitions} isEmpty={(all) => all.length === 0} empty={t("indicators.none")}>
        {(all) => (
          <>
            {grouped(all).map(({ name, some }) => (
              <section key={name} className="figures-group">
                <h2>{t(`indicators.group.${name}`)}</h2>
                <div className="figures">
                  {some.map((one) => (
                    <OneFigure key={one.id} definition={one} period={period} text={text} />
                  ))}
                </div>
              </section>
            ))}
          </>
        )}
      </Shown>
    </Page>
  );
}

interface OneProps {
  definition: IndicatorDefinition;
  period: Period;
  text: string;
}

function OneFigure({ definition, period, text }: OneProps) {
  const { t, pick } = useWords();
  const by = definition.groupings.includes("month") ? "month" : "procedure";
  const figure = useFigure(definition, period, by);
  const to = `/indicators/${encodeURIComponent(definition.id)}?${text}`;
  return (
    <Card size="small" className="figure">
      <h3>
        <Link to={to}>{pick(definition.name)}</Link>
      </h3>
      {figure.data ? (
        <Numbers definition={definition} period={period} figure={figure.data} to={`${to}&rows=1`} />
      ) : figure.error ? (
        <Alert type="error" title={explain(figure.error)} />
      ) : (
        <div className="figure-value quiet">…</div>
      )}
      <div className="figure-source quiet">
        {t("indicators.source", { source: pick(sourceOf(definition)) })}
        {!definition.checked.verified && <Tag color="warning">{t("frame.unverified")}</Tag>}
      </div>
    </Card>
  );
}

interface NumbersProps {
  definition: IndicatorDefinition;
  period: Period;
  figure: Figure;
  to: string;
}

function Numbers({ definition, period, figure, to }: NumbersProps) {
  const words = useWords();
  const { t, pick } = words;
  const told = usePeriodWords();
  const { former, figure: then } = useFigureBefore(definition, period);
  const changed = then && change(figure.value, then.value);
  const parts =
    figure.by === "month"
      ? months(
          period,
          figure.parts.map((part) => part.group ?? ""),
        ).map(
          (month) =>
            figure.parts.find((part) => part.group === month) ?? { group: month, value: null, n: 0, missing: 0 },
        )
      : figure.parts;
  return (
    <>
      <div className="figure-value">
        <Link
          to={to}
          aria-label={`${pick(definition.name)}: ${toldValue(figure.value, figure.unit, words)}, ${t("indicators.to_rows")}`}
        >
          {toldValue(figure.value, figure.unit, words)}
        </Link>
        <Spark parts={parts} label={t(figure.by === "month" ? "indicators.by_month" : "indicators.by_procedure")} />
      </div>
      <div className="figure-about">
        {definition.aggregate === "share" && figure.part !== undefined ? (
          <span>{t("indicators.part_of", { part: figure.part, count: figure.n })}</span>
        ) : (
          <span>{t("indicators.n", { count: figure.n })}</span>
        )}
        {former && (
          <Tooltip title={told({ first: former.from ?? null, last: former.to ?? null })}>
            <span>{changed ? toldChange(changed, figure.unit, words) : then ? t("indicators.change.none") : ""}</span>
          </Tooltip>
        )}
        {(figure.period.day || figure.period.at) && <span>{told(figure.period)}</span>}
      </div>
      <Doubts figure={figure} />
    </>
  );
}

/** What a figure lacks, said loudly. */
export function Doubts({ figure }: { figure: Figure }) {
  const { t } = useWords();
  return (
    <>
      {figure.missing > 0 && (
        <Alert
          type="warning"
          showIcon
          className="figure-doubt"
          title={t("indicators.missing", { count: figure.missing })}
        />
      )}
      {!figure.is_complete && (
        <Alert type="warning" showIcon className="figure-doubt" title={t("indicators.incomplete")} />
      )}
    </>
  );
}
