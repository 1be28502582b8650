// A citation as every screen shows it: the article, and on hover or focus what it says and whether somebody has read it.
//
// Invariant: what nobody has read in the source says so in words beside the article, never on hover alone.
import { WarningOutlined } from "@ant-design/icons";
import { Popover, Tag } from "antd";
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { ClockView } from "~/api/shapes";
import { type Names, useWords } from "~/words/words";
import "./citation.css";

export interface Cited {
  citation: Names;
  /** Whether somebody has read the line in its source; nothing where it is not known. */
  verified?: boolean | null;
  rule?: string | null;
  /** The first day on which this version is in force. */
  version?: string | null;
  title?: Names | null;
  /** What it says, in words of our own. */
  text?: Names | null;
  open?: { question: Names; effect: Names }[];
}

export function Unverified() {
  const { t } = useWords();
  return (
    <Tag variant="outlined" icon={<WarningOutlined />} className="citation-unverified">
      {t("frame.unverified")}
    </Tag>
  );
}

/** `quiet` where the mark of what is not read stands beside it already. */
export function Citation({ of, quiet, children }: { of: Cited; quiet?: boolean; children?: ReactNode }) {
  const { pick } = useWords();
  const name = pick(of.citation);
  if (!name) return null;
  return (
    <span className="citation">
      <Popover content={<CitationCard of={of} />} trigger={["hover", "focus"]} mouseEnterDelay={0.15}>
        <button type="button" className={of.verified === false ? "citation-name unverified" : "citation-name"}>
          {children ?? name}
        </button>
      </Popover>
      {of.verified === false && !quiet && <Unverified />}
    </span>
  );
}

function CitationCard({ of }: { of: Cited }) {
  const { t, pick, day } = useWords();
  return (
    <div className="citation-card">
      <strong>{pick(of.citation)}</strong>
      {of.title && <div>{pick(of.title)}</div>}
      {of.text && <p>{pick(of.text)}</p>}
      {of.version && <div className="quiet">{t("citation.version", { day: day(of.version) })}</div>}
      {of.verified === true && <div>{t("citation.verified")}</div>}
      {of.verified === false && (
        <div className="light-red">
          <WarningOutlined /> {t("citation.unverified")}
        </div>
      )}
      {(of.open ?? []).map((one) => (
        <div key={one.question.en} className="citation-open">
          <div>{t("citation.open", { question: pick(one.question) })}</div>
          <div className="quiet">{pick(one.effect)}</div>
        </div>
      ))}
      {of.rule && (
        <div>
          <Link to={`/law?rule=${encodeURIComponent(of.rule)}${of.version ? `&on=${of.version}` : ""}`}>
            {t("citation.rule")}
          </Link>
        </div>
      )}
    </div>
  );
}

/** What the law says of a clock. */
export function citedOfClock(clock: ClockView): Cited {
  const { law } = clock;
  return {
    citation: law?.citation ?? clock.citation,
    verified: law?.verified ?? clock.verified,
    rule: law?.rule ?? clock.rule,
    version: law?.version,
    title: law?.title,
    text: law?.text,
    open: law?.open,
  };
}
