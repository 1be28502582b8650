// Which fact would change this: what is missing, what decides, what is not certain, which line is next.
import { Alert, Card, Tag } from "antd";
import { useWords } from "~/words/words";
import { Cite, Evidence } from "./reasons";
import type { Assessment, RuleSet } from "./shapes";

export function Changes({ of, matter }: { of: Assessment; matter: string }) {
  const { t, pick, day } = useWords();
  const { sensitivity } = of;
  const decisive = sensitivity?.facts.filter(
    (fact) => fact.decides || fact.below || fact.above || (fact.opposite && fact.opposite.outcome !== of.outcome),
  );
  const others = sensitivity?.facts.filter((fact) => !decisive?.includes(fact)) ?? [];
  return (
    <Card size="small" title={t("law.changes")}>
      <div className="stack">
        {of.contradictions.length > 0 && (
          <Alert
            type="error"
            showIcon
            title={t("law.contradictions")}
            description={of.contradictions.map((one) => (
              <div key={JSON.stringify(one)}>{pick(one.text ?? one.title) || one.fact}</div>
            ))}
          />
        )}
        {of.missing.length > 0 && (
          <section>
            <h3>{t("law.missing")}</h3>
            <ul>
              {of.missing.map((one) => (
                <li key={one.fact}>
                  {pick(one.why)} {!one.alone && <span className="quiet">{t("law.with_others")}</span>}
                </li>
              ))}
            </ul>
          </section>
        )}
        {decisive && decisive.length > 0 && (
          <section>
            <h3>{t("law.decisive")}</h3>
            <ul>
              {decisive.map((one) => (
                <li key={one.fact}>
                  {pick(one.text)} {one.decides && <Tag className="outcome-serious">{t("law.decides")}</Tag>}
                </li>
              ))}
            </ul>
          </section>
        )}
        {of.uncertain.length > 0 && (
          <section>
            <h3>{t("law.uncertain")}</h3>
            <ul>
              {of.uncertain.map((one) => (
                <li key={one.fact}>
                  {pick(one.text)} <Evidence ids={one.evidence} matter={matter} />
                </li>
              ))}
            </ul>
          </section>
        )}
        {(sensitivity?.days.length ?? 0) + (sensitivity?.person ? 1 : 0) > 0 && (
          <section>
            <h3>{t("law.days")}</h3>
            <ul>
              {sensitivity?.days.map((one) => (
                <li key={`${one.what}-${one.on}`}>
                  {day(one.on)}: {pick(one.text)}
                </li>
              ))}
              {sensitivity?.person && <li>{pick(sensitivity.person.text)}</li>}
            </ul>
          </section>
        )}
        {sensitivity && sensitivity.next_lines.length > 0 && (
          <section>
            <h3>{t("law.next_lines")}</h3>
            <ul>
              {sensitivity.next_lines.map((one) => (
                <li key={one.line}>
                  {pick(one.text)} <Cite of={one} />
                </li>
              ))}
            </ul>
          </section>
        )}
        {others.length > 0 && (
          <details>
            <summary>{t("law.no_change")}</summary>
            <ul>
              {others.map((one) => (
                <li key={one.fact}>{pick(one.text)}</li>
              ))}
            </ul>
          </details>
        )}
      </div>
    </Card>
  );
}

/** What the law leaves to the court, where a tier is established. */
export function Frame({ of, matter }: { of: RuleSet; matter: string }) {
  const { t, pick } = useWords();
  const frame = of.sentence_frame;
  if (!frame) return null;
  const lists = frame.probation
    ? ([
        ["conditions", frame.probation.conditions],
        ["bars", frame.probation.bars],
        ["must_if", frame.probation.must_if],
        ["lighter", frame.probation.lighter],
        ["heavier", frame.probation.heavier],
      ] as const)
    : [];
  return (
    <Card size="small" title={t("law.frame")}>
      <dl className="pairs">
        {of.band && (
          <div>
            <dt>{t("law.band")}</dt>
            <dd>
              {pick(of.band.text)} <Cite of={of.band} />
            </dd>
          </div>
        )}
        {frame.fine?.range && (
          <div>
            <dt>{t("law.fine")}</dt>
            <dd>
              {pick(frame.fine.range.text)} <Cite of={frame.fine.range} />
            </dd>
          </div>
        )}
        {frame.fine?.floor && (
          <div>
            <dt>{t("law.fine_floor")}</dt>
            <dd>
              {pick(frame.fine.floor.text)} <Cite of={frame.fine.floor} />
            </dd>
          </div>
        )}
        {frame.circumstances.length > 0 && (
          <div>
            <dt>{t("law.circumstances")}</dt>
            <dd>
              <ul className="plain">
                {frame.circumstances.map((one) => (
                  <li key={JSON.stringify(one.title ?? one.text)}>
                    {pick(one.title)} {pick(one.text)} <Cite of={one} />
                  </li>
                ))}
              </ul>
            </dd>
          </div>
        )}
        {frame.discretion && (
          <div>
            <dt>{t("law.discretion")}</dt>
            <dd>
              {pick(frame.discretion.text)} <Cite of={frame.discretion} />
            </dd>
          </div>
        )}
        {frame.probation && (
          <div>
            <dt>{t("law.suspension")}</dt>
            <dd>
              {pick(frame.probation.text)} <Cite of={frame.probation} />
              <details>
                <summary>{t("law.probation_more")}</summary>
                {lists
                  .filter(([, reasons]) => reasons.length > 0)
                  .map(([name, reasons]) => (
                    <section key={name}>
                      <h4>{t(`law.probation.${name}`)}</h4>
                      <ul className="plain">
                        {reasons.map((reason) => (
                          <li key={reason.line ?? reason.text.en}>
                            {pick(reason.text)} <Cite of={reason} /> <Evidence ids={reason.evidence} matter={matter} />
                          </li>
                        ))}
                      </ul>
                    </section>
                  ))}
              </details>
            </dd>
          </div>
        )}
        {frame.may_be_stated.length > 0 && (
          <div>
            <dt>{t("law.may_be_stated")}</dt>
            <dd className="quiet">{frame.may_be_stated.map((one) => pick(one.title)).join("、")}</dd>
          </div>
        )}
      </dl>
      <ul className="quiet">
        {frame.notes.map((note) => (
          <li key={note.text.en}>
            {pick(note.text)} <Cite of={note} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** What the law leaves open, what nobody has read, what was not counted. */
export function Open({ of, leftOut, notes }: { of: Assessment; leftOut: string[]; notes: string[] }) {
  const { t, pick } = useWords();
  return (
    <Card size="small" title={t("law.open")}>
      <div className="stack">
        {notes.length > 0 && (
          <section>
            <h3>{t("law.notes")}</h3>
            <ul>
              {notes.map((note) => (
                <li key={note}>{note}</li>
              ))}
            </ul>
          </section>
        )}
        {leftOut.length > 0 && (
          <section>
            <h3>{t("law.left_out")}</h3>
            <ul>
              {leftOut.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </section>
        )}
        {of.open.length > 0 && (
          <section>
            <h3>{t("law.questions")}</h3>
            <dl>
              {of.open.map((one) => (
                <div key={one.question.en} className="open-question">
                  <dt>{pick(one.question)}</dt>
                  <dd className="quiet">{pick(one.effect)}</dd>
                </div>
              ))}
            </dl>
          </section>
        )}
        <section>
          <h3>{t("law.unread")}</h3>
          {of.unverified.length === 0 ? (
            <p className="quiet">{t("law.all_read")}</p>
          ) : (
            <ul className="unread">
              {of.unverified.map((one) => (
                <li key={`${one.rule}-${one.line ?? ""}`}>
                  <Cite of={{ ...one, verified: false }} />{" "}
                  {one.decisive && <span className="light-red">{t("law.unread_decisive")}</span>}
                </li>
              ))}
            </ul>
          )}
        </section>
        <p className="quiet small">
          {t("law.book")} <code className="digest">{of.rule_book_version}</code>
        </p>
      </div>
    </Card>
  );
}
