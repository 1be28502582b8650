// What a match says, in words, and what people said of it.
import type { ReactNode } from "react";
import type { Match } from "~/api/shapes";
import { useNames } from "~/parts/names";
import { useWords } from "~/words/words";
import type { Pair } from "./matches";
import { LEAST, power, useTold } from "./told";
import { VerdictTag } from "./verdict-tag";

/** How many matches this good are expected by chance alone. */
export function Chance({ of }: { of: Match }) {
  const { t } = useWords();
  const isLeast = of.e_value <= LEAST;
  const { mantissa, exponent } = power(isLeast ? LEAST : of.e_value);
  return (
    <span className="nowrap number">
      {isLeast && t("review.said.at_most")} {mantissa}
      {exponent !== undefined && (
        <>
          {mantissa && " × "}10<sup>{exponent}</sup>
        </>
      )}
    </span>
  );
}

export function Facts({ of }: { of: Match }) {
  const { t, number, percent, maybe, language } = useWords();
  const told = useTold();
  const changes = told.changes(of);
  const rows: [string, ReactNode][] = [
    [t("review.column.medium"), maybe(`review.medium.${of.medium}`, of.medium)],
    [t("review.column.score"), t("review.said.bits", { value: number(Math.round(of.score_bits)) })],
    [t("review.column.chance"), <Chance key="chance" of={of} />],
    [t("review.column.identity"), of.identity == null ? "" : percent(of.identity)],
    [t("review.column.common"), told.common(of)],
    [t("review.column.transform"), changes.join(language === "zh" ? "，" : ", ")],
  ];
  return (
    <>
      <dl className="facts">
        {rows
          .filter(([, value]) => value !== "")
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd className="number">{value}</dd>
            </div>
          ))}
      </dl>
      <p className="quiet small">
        {t("review.said.chance")}
        {of.medium === "code" && t("review.said.structure")}
        {(of.filtered?.length ?? 0) > 0 && ` ${t("review.said.filtered", { count: of.filtered?.length ?? 0 })}`}
      </p>
    </>
  );
}

export function History({ of }: { of: Pair }) {
  const { t, instant } = useWords();
  const names = useNames();
  if (!of.said) return null;
  const line = (said: NonNullable<Pair["said"]>) => (
    <>
      <VerdictTag of={said.verdict} />
      {said.reason && <span>{said.reason}</span>}{" "}
      <span className="quiet">{t("review.said.by", { who: names.person(said.by), at: instant(said.at) })}</span>
    </>
  );
  return (
    <div className="said">
      <div>{line(of.said)}</div>
      {of.before.length > 0 && (
        <details>
          <summary>{t("review.said.history")}</summary>
          <ul>
            {[...of.before].reverse().map((said) => (
              <li key={said.at}>{line(said)}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
