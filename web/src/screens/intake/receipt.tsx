// The receipt of a complaint: its number, until when it has to be decided, what is still missing, a code to find it again.

import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Card } from "antd";
import { Link } from "react-router";
import { json } from "~/api/client";
import { useActs, useMatter } from "~/api/queries";
import type { Matter } from "~/api/shapes";
import { Shown } from "~/parts/broken";
import { LightMark, useClockWords } from "~/parts/lights";
import { MatterLink } from "~/parts/matter-table";
import { useNames } from "~/parts/names";
import { Page } from "~/parts/page";
import { Qr } from "~/parts/qr";
import { UploadList } from "~/parts/uploads";
import { useWords } from "~/words/words";

interface Hints {
  hints: {
    id: string;
    number: string;
    stage: string;
    status: string;
    shared: Record<string, string[]>;
    places: number;
  }[];
}

export function Receipt({ id }: { id: string }) {
  const { t } = useWords();
  const matter = useMatter(id);
  return (
    <Page
      title={t("intake.receipt.title")}
      actions={
        <Link to="/intake" reloadDocument={false}>
          <Button>{t("intake.receipt.another")}</Button>
        </Link>
      }
    >
      <Shown of={matter}>{(found) => <Filed matter={found} />}</Shown>
    </Page>
  );
}

function Filed({ matter }: { matter: Matter }) {
  const { t, instant, pick } = useWords();
  const names = useNames();
  const say = useClockWords();
  const address = `${window.location.origin}/matters/${matter.id}`;
  const running = matter.clocks.filter((clock) => clock.ended === null);
  return (
    <div className="stack intake">
      <section className="intake-receipt" aria-labelledby="receipt-number">
        <div className="stack" style={{ gap: 10 }}>
          <h2>{t("intake.receipt.filed")}</h2>
          <div>
            <div className="quiet">{t("frame.matter.number")}</div>
            <div id="receipt-number" className="intake-number number">
              <MatterLink of={matter} />
            </div>
          </div>
          <div>{matter.title}</div>
          <div>
            {t("intake.receipt.at", {
              agency: names.agency(matter.owner_agency),
              at: instant(matter.opened_at),
              stage: names.stage(matter.procedure, matter.stage, matter.procedure_version),
            })}
          </div>
          {running.map((clock) => (
            <div key={`${clock.clock}/${clock.started}`}>
              <strong>{t("intake.receipt.clock", { what: pick(clock.name) })}</strong>{" "}
              <LightMark light={clock.light}>{say(clock)}</LightMark>
              <div className="quiet">
                {pick(clock.citation)}
                {!clock.verified && <span className="unverified"> {t("frame.unverified")}</span>}
              </div>
            </div>
          ))}
        </div>
        <figure style={{ margin: 0, textAlign: "center" }}>
          <Qr text={address} label={t("intake.receipt.qr", { number: matter.number })} />
          <figcaption className="quiet">{t("intake.receipt.scan")}</figcaption>
        </figure>
      </section>
      <Missing matter={matter} />
      <Duplicates id={matter.id} />
      <Card title={t("intake.files")} className="no-print">
        <UploadList matter={matter.id} />
        <Link to={`/matters/${matter.id}/evidence`}>{t("intake.receipt.files")}</Link>
      </Card>
    </div>
  );
}

/** Everything that accepting it will ask for, told at once (一次性告知). */
function Missing({ matter }: { matter: Matter }) {
  const { t, pick } = useWords();
  const names = useNames();
  const { data } = useActs(matter.id);
  const definition = names.definition(matter.procedure, matter.procedure_version);
  const act = definition?.act.find((one) => one.id === "accept");
  if (!definition || !act) return null;
  const onFile = matter.state?.papers ?? {};
  const choice = data?.acts.find((one) => one.act === "accept");
  // What the server asks of whoever may accept it; for others, what the procedure says.
  const papers = choice ? choice.asks.flatMap((ask) => (ask.ask === "paper" ? [ask.of] : [])) : act.papers;
  const wanted = papers.filter((paper) => !onFile[paper] && !act.makes.includes(paper));
  const place = act.needs.some((need) => need.fact === "place_of_act") && !matter.state?.facts["place_of_act"];
  if (wanted.length === 0 && !place) return <Alert type="success" showIcon title={t("intake.receipt.whole")} />;
  return (
    <Card title={t("intake.receipt.missing")}>
      <p>{t("intake.receipt.missing_why")}</p>
      <ul>
        {wanted.map((paper) => (
          <li key={paper}>{pick(definition.paper.find((one) => one.id === paper)?.name) || paper}</li>
        ))}
        {place && <li>{pick(definition.fact.find((one) => one.id === "place_of_act")?.name)}</li>}
      </ul>
    </Card>
  );
}

function Duplicates({ id }: { id: string }) {
  const { t, maybe } = useWords();
  const { data, error } = useQuery({
    queryKey: ["matter", id, "duplicates"],
    queryFn: () => json<Hints>(`/api/v1/matters/${id}/duplicates`),
    retry: false,
  });
  // Who may not ask sees no list; that is no error of the receipt.
  if (error || !data || data.hints.length === 0) return null;
  return (
    <Alert
      type="warning"
      showIcon
      className="no-print"
      title={t("intake.receipt.duplicates", { count: data.hints.length })}
      description={
        <ul className="file-refused">
          {data.hints.map((hint) => (
            <li key={hint.id}>
              <MatterLink of={hint} /> {maybe(`frame.status.${hint.status}`, hint.status)}{" "}
              {t("intake.receipt.shared", { what: Object.values(hint.shared).flat().slice(0, 5).join("、") })}
            </li>
          ))}
        </ul>
      }
    />
  );
}
