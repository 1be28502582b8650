// What the stated facts come to, what it rests on, and which rules govern: never whether somebody is guilty.
import { Alert, Card, Tag } from "antd";
import { useWords } from "~/words/words";
import { Cite } from "./reasons";
import type { Assessment, Outcome, RuleSet } from "./shapes";

const SIGNS: Record<Outcome, string> = {
  below: "−",
  undetermined: "?",
  base: "!",
  serious: "!",
  especially_serious: "!!",
};

export function OutcomeTag({ of }: { of: Outcome }) {
  const { maybe } = useWords();
  return (
    <Tag variant="outlined" className={`outcome-tag outcome-${of}`}>
      <span aria-hidden="true">{SIGNS[of]}</span> {maybe(`law.outcome.${of}`, of)}
    </Tag>
  );
}

export function Conclusion({ of }: { of: Assessment }) {
  const { t, pick, day } = useWords();
  return (
    <Card size="small" title={t("law.conclusion")}>
      <div className="stack">
        <div className="row">
          <span className="outcome-name">{pick(of.title)}</span>
          <OutcomeTag of={of.outcome} />
          {of.could_reach !== of.outcome && of.outcome !== "below" && (
            <span>{t("law.could_reach", { tier: t(`law.outcome.${of.could_reach}`) })}</span>
          )}
        </div>
        <p className="outcome-summary">{pick(of.summary)}</p>
        <p className="no-guilt">{t("law.no_guilt")}</p>
        {of.rests_on_unverified && <Alert type="error" showIcon title={t("law.rests_on_unverified")} />}
        {of.rests_on_uncertain && <Alert type="warning" showIcon title={t("law.rests_on_uncertain")} />}
        <dl className="facts">
          <div>
            <dt>{t("law.actor")}</dt>
            <dd>{of.person ? t(`law.person.${of.person}`) : t("law.not_stated")}</dd>
          </div>
          <div>
            <dt>{t("law.conduct")}</dt>
            <dd>
              {of.conduct_from || of.conduct_to
                ? `${day(of.conduct_from) || "…"} – ${day(of.conduct_to) || "…"}`
                : t("law.not_stated")}
            </dd>
          </div>
          <div>
            <dt>{t("law.judged_on")}</dt>
            <dd>{day(of.judged_on)}</dd>
          </div>
        </dl>
      </div>
    </Card>
  );
}

/** What follows for the agency that has to decide whether the case goes to the police. */
export function TransferDuty({ of }: { of: Assessment["transfer"] }) {
  const { t, pick } = useWords();
  return (
    <Card size="small" title={t("law.transfer")}>
      <p className="outcome-summary">{pick(of.text)}</p>
      <ul className="plain">
        {of.rules.map((rule) => (
          <li key={rule.rule ?? rule.text.en}>
            {pick(rule.text)} <Cite of={rule} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

export function RuleSets({
  of,
  shown,
  onShow,
}: {
  of: Assessment;
  shown: RuleSet | undefined;
  onShow: (set: RuleSet) => void;
}) {
  const { t, pick, day } = useWords();
  const { governing } = of;
  return (
    <Card size="small" title={t("law.governing")}>
      <p>{pick(governing.why)}</p>
      {governing.choice_required && <Alert type="warning" showIcon title={t("law.choice_required")} />}
      {governing.departs_from_rule && <Alert type="warning" showIcon title={t("law.departs")} />}
      <div className="rule-sets">
        {of.rule_sets.map((set) => (
          <section key={`${set.at}-${set.as_of}`} className={set.governs ? "rule-set rule-set-governs" : "rule-set"}>
            <h3>
              {t(`law.set.${set.at}`)} <span className="quiet">{t("law.as_of", { day: day(set.as_of) })}</span>
            </h3>
            <div className="row">
              <OutcomeTag of={set.outcome} />
              {set.governs && <Tag className="tag-governs">{t("law.governs")}</Tag>}
              {set.attempt && <Tag>{t("law.attempt")}</Tag>}
            </div>
            <dl className="pairs">
              {set.could_reach !== set.outcome && (
                <div>
                  <dt>{t("law.reach")}</dt>
                  <dd>
                    {t(`law.outcome.${set.could_reach}`)}
                    {set.could_reach_band && <span className="quiet"> {pick(set.could_reach_band.text)}</span>}
                  </dd>
                </div>
              )}
              {set.band && (
                <div>
                  <dt>{t("law.band")}</dt>
                  <dd>
                    {pick(set.band.text)} <Cite of={set.band} />
                  </dd>
                </div>
              )}
              {set.fine && (
                <div>
                  <dt>{t("law.fine")}</dt>
                  <dd>
                    {pick(set.fine.text)} <Cite of={set.fine} />
                  </dd>
                </div>
              )}
              {set.unverified.length > 0 && (
                <div>
                  <dt>{t("law.unread")}</dt>
                  <dd className="light-red">{t("law.unread_lines", { count: set.unverified.length })}</dd>
                </div>
              )}
            </dl>
            {of.rule_sets.length > 1 && (
              <label className="row no-print">
                <input type="radio" name="rule-set" checked={shown === set} onChange={() => onShow(set)} />
                {t("law.show_reasons")}
              </label>
            )}
          </section>
        ))}
      </div>
      <details>
        <summary>{t("law.layers")}</summary>
        <ul className="plain">
          {governing.layers.map((layer) => (
            <li key={layer.layer}>
              {pick(layer.text)} {layer.rule && <Cite of={layer.rule} />}
              {layer.changes.length > 0 && (
                <table className="small-table">
                  <thead>
                    <tr>
                      <th scope="col">{t("law.rule")}</th>
                      <th scope="col">{t("law.set.conduct")}</th>
                      <th scope="col">{t("law.set.judgment")}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {layer.changes.map((change) => (
                      <tr key={change.rule}>
                        <td>{pick(change.title)}</td>
                        <td>{change.at_conduct ? pick(change.cited_at_conduct) : t("law.not_in_force")}</td>
                        <td>{change.at_judgment ? pick(change.cited_at_judgment) : t("law.not_in_force")}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              )}
            </li>
          ))}
          {governing.rules.map((rule) => (
            <li key={rule.rule ?? rule.text.en}>
              {pick(rule.text)} <Cite of={rule} />
            </li>
          ))}
        </ul>
      </details>
    </Card>
  );
}
