// The receipt of a filing: number, agency, until when it has to be decided, a code to find it again. It is printed with the filing too.
import { Alert, Button, Card } from "antd";
import { Link } from "react-router";
import { filed } from "~/api/place";
import { useFiling } from "~/api/queries";
import type { Filing } from "~/api/shapes";
import { Shown } from "~/parts/broken";
import { LightMark, useClockWords } from "~/parts/lights";
import { useNames } from "~/parts/names";
import { Page } from "~/parts/page";
import { Qr } from "~/parts/qr";
import { UploadList } from "~/parts/uploads";
import { useWords } from "~/words/words";
import { FilingState } from "./state";
import { useMissing } from "./supply";
import "~/screens/intake/intake.css";
import "./filings.css";

const RUNS = ["running", "overdue", "suspended", "undetermined"];

/** What is shown right after it was filed. */
export function FilingReceipt({ id }: { id: string }) {
  const { t } = useWords();
  const filing = useFiling(id);
  return (
    <Page
      title={t("intake.receipt.title")}
      actions={
        <Link to="/intake">
          <Button>{t("intake.receipt.another")}</Button>
        </Link>
      }
    >
      <Shown of={filing}>
        {(found) => (
          <div className="stack intake">
            <ReceiptBox filing={found} head={t("intake.receipt.filed")} />
            <Missing filing={found} />
            <Card title={t("filings.files")} className="no-print">
              <UploadList matter={filed(found.id)} />
              <Link to={`/filings/${found.id}`}>{t("filings.whole")}</Link>
            </Card>
          </div>
        )}
      </Shown>
    </Page>
  );
}

export function ReceiptBox({ filing, head }: { filing: Filing; head: string }) {
  const { t, instant, pick } = useWords();
  const names = useNames();
  const say = useClockWords();
  const running = filing.clocks.filter((clock) => RUNS.includes(clock.state));
  return (
    <section className="intake-receipt" aria-labelledby="receipt-head">
      <div className="stack" style={{ gap: 10 }}>
        <h2 id="receipt-head">{head}</h2>
        <div>
          <div className="quiet">{t("frame.matter.number")}</div>
          <div className="intake-number number">{filing.number}</div>
        </div>
        <div>{filing.title}</div>
        <div>{t("filings.received", { agency: names.agency(filing.agency), at: instant(filing.opened_at) })}</div>
        <div>
          <FilingState of={filing} /> <span className="quiet">{t("filings.as_told")}</span>
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
        <Qr
          text={`${window.location.origin}/filings/${filing.id}`}
          label={t("intake.receipt.qr", { number: filing.number })}
        />
        <figcaption className="quiet">{t("filings.scan")}</figcaption>
      </figure>
    </section>
  );
}

/** Everything that accepting it will ask of them, told at once (一次性告知). */
function Missing({ filing }: { filing: Filing }) {
  const { t } = useWords();
  const missing = useMissing(filing);
  if (!missing) return null;
  const wanted = [...missing.papers, ...missing.facts].filter((one) => one.isNeeded);
  if (wanted.length === 0) return <Alert type="success" showIcon title={t("filings.now.done")} />;
  return (
    <Card
      title={t("filings.now.wanted")}
      extra={
        <Link to={`/filings/${filing.id}`} className="no-print">
          {t("filings.now.supply")}
        </Link>
      }
    >
      <ul>
        {wanted.map((one) => (
          <li key={one.id}>{one.name}</li>
        ))}
      </ul>
    </Card>
  );
}
