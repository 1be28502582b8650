// The procedures as they run here: stages, acts, clocks, what is open. Everything comes from the definition that the server runs.
import { Card, Select } from "antd";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { useProcedures } from "~/api/queries";
import type { Procedure } from "~/api/shapes";
import { Empty, Shown } from "~/parts/broken";
import { Citation } from "~/parts/citation";
import { Page } from "~/parts/page";
import { useWords } from "~/words/words";
import { Diagram } from "./diagram";
import { Acts, Clocks, Roles } from "./tables";
import "./procedures.css";

export function Component() {
  const { t } = useWords();
  const procedures = useProcedures();
  return (
    <Page title={t("procedure.title")}>
      <Shown of={procedures}>{(all) => <Chosen all={all} />}</Shown>
    </Page>
  );
}

function Chosen({ all }: { all: Procedure[] }) {
  const { t, pick, day, compare } = useWords();
  const [asked, ask] = useSearchParams();
  const ids = [...new Set(all.map((one) => one.id))];
  const newest = (id: string) => all.filter((one) => one.id === id).sort((one, other) => other.version - one.version);
  const id = asked.get("id") ?? ids[0];
  const versions = id ? newest(id) : [];
  const shown = versions.find((one) => `${one.version}` === asked.get("version")) ?? versions[0];
  return (
    <div className="stack">
      <div className="row no-print">
        {/* biome-ignore lint/a11y/noLabelWithoutControl: the control is the box inside */}
        <label className="row">
          <span>{t("procedure.choose")}</span>
          <Select
            className="procedure-choice"
            aria-label={t("procedure.choose")}
            value={shown?.id}
            onChange={(next) => ask({ id: next })}
            popupMatchSelectWidth={false}
            options={ids
              .map((one) => ({ value: one, label: pick(newest(one)[0]?.name) }))
              .sort((one, other) => compare(one.label, other.label))}
          />
        </label>
        {/* biome-ignore lint/a11y/noLabelWithoutControl: the control is the box inside */}
        <label className="row">
          <span>{t("procedure.version")}</span>
          <Select
            aria-label={t("procedure.version")}
            value={shown?.version}
            onChange={(version) => ask({ id: id ?? "", version: `${version}` })}
            popupMatchSelectWidth={false}
            options={versions.map((one) => ({
              value: one.version,
              label: t("procedure.version_of", { version: one.version, day: day(one.from) }),
            }))}
          />
        </label>
      </div>
      {shown ? <One key={`${shown.id} ${shown.version}`} of={shown} /> : <Empty>{t("procedure.unknown")}</Empty>}
    </div>
  );
}

function One({ of }: { of: Procedure }) {
  const { t, pick, day } = useWords();
  const [stage, setStage] = useState<string>();
  const chosen = of.stage.find((one) => one.id === stage);
  return (
    <>
      <Card size="small" title={<h2>{pick(of.name)}</h2>}>
        <div className="grid-2">
          <section>
            <h3>{t("procedure.sources")}</h3>
            <ul>
              {of.source.map(({ cite, checked }) => (
                <li key={cite.en}>
                  <Citation of={{ citation: cite, verified: checked.verified, text: checked.note ?? null }} />{" "}
                  <span className="quiet">{t("procedure.checked", { day: day(checked.on) })}</span>
                </li>
              ))}
            </ul>
            <p className="quiet small">
              {t("procedure.lights", { yellow: of.lights.yellow_days, red: of.lights.red_days })}
            </p>
            <p className="quiet small">
              {t("procedure.digest")} <code className="digest">{of.digest}</code>
            </p>
          </section>
          <section>
            <h3>{t("procedure.open")}</h3>
            {of.open.length === 0 ? (
              <p className="quiet">{t("procedure.none")}</p>
            ) : (
              <ul>
                {of.open.map((one) => (
                  <li key={one.en}>{pick(one)}</li>
                ))}
              </ul>
            )}
          </section>
        </div>
      </Card>
      <Card size="small" title={<h2>{t("procedure.diagram")}</h2>}>
        <p className="quiet no-print">{t("procedure.diagram_hint")}</p>
        <Diagram of={of} chosen={stage} onChoose={setStage} />
      </Card>
      <Card
        size="small"
        title={<h2>{chosen ? t("procedure.acts_of", { stage: pick(chosen.name) }) : t("procedure.acts")}</h2>}
      >
        <Acts of={of} stage={stage} />
      </Card>
      <Card size="small" title={<h2>{t("procedure.clocks")}</h2>}>
        <Clocks of={of} />
      </Card>
      <Card size="small" title={<h2>{t("procedure.roles")}</h2>}>
        <Roles of={of} />
        {of.chain.length > 0 && (
          <>
            <h3>{t("procedure.chains")}</h3>
            <ul>
              {of.chain.map((chain) => (
                <li key={chain.id}>
                  {pick(chain.name)}:{" "}
                  {chain.steps.map((step) => pick(of.role.find((role) => role.id === step)?.name) || step).join(" → ")}
                </li>
              ))}
            </ul>
          </>
        )}
      </Card>
    </>
  );
}
