// Every clock of a matter with its light, its last day and the article it rests on.
import { Card, Collapse, Tag } from "antd";
import type { ClockView } from "~/api/shapes";
import { LightMark, useClockWords } from "~/parts/lights";
import { useWords } from "~/words/words";

const URGENCY = { red: 0, yellow: 1, green: 2, off: 3 } as const;

export function ClockBar({ clocks }: { clocks: ClockView[] }) {
  const { t } = useWords();
  if (clocks.length === 0) return null;
  const sorted = [...clocks].sort((left, right) => URGENCY[left.light] - URGENCY[right.light]);
  const running = sorted.filter((one) => one.ended === null && one.light !== "off");
  const rest = sorted.filter((one) => !running.includes(one));
  return (
    <section aria-label={t("matter.clocks")} className="clock-bar">
      {running.map((clock) => (
        <Clock key={`${clock.clock}-${clock.started_by}`} clock={clock} />
      ))}
      {rest.length > 0 && (
        <Collapse
          size="small"
          className="clock-rest"
          items={[
            {
              key: "rest",
              label: t("matter.clocks_ended", { count: rest.length }),
              children: (
                <div className="clock-bar">
                  {rest.map((clock) => (
                    <Clock key={`${clock.clock}-${clock.started_by}`} clock={clock} />
                  ))}
                </div>
              ),
            },
          ]}
        />
      )}
    </section>
  );
}

function Clock({ clock }: { clock: ClockView }) {
  const { t, pick, instant } = useWords();
  const words = useClockWords();
  return (
    <Card size="small" className={`clock clock-${clock.light}`}>
      <div className="row">
        <strong>{pick(clock.name)}</strong>
        <LightMark light={clock.light}>{words(clock)}</LightMark>
      </div>
      <div className="quiet clock-rule">
        {pick(clock.citation)}
        {!clock.verified && <Tag color="gold">{t("frame.unverified")}</Tag>}
        <span>{t("matter.clock_since", { at: instant(clock.started) })}</span>
      </div>
      {clock.law && (
        <details className="clock-why">
          <summary>{t("matter.clock_why")}</summary>
          <ol>
            {clock.law.steps.map((step) => (
              <li key={step.zh}>{pick(step)}</li>
            ))}
          </ol>
          {clock.law.open?.map((one) => (
            <p key={one.question.zh} className="quiet">
              {pick(one.question)} {pick(one.effect)}
            </p>
          ))}
        </details>
      )}
    </Card>
  );
}
