// How a filing stands, in the words that its agency told; never by colour alone.
import { Tag } from "antd";
import type { BriefFiling } from "~/api/shapes";
import { useWords } from "~/words/words";

const COLOURS = { working: "processing", waiting: "gold", suspended: "default", closed: "default" } as const;

export function FilingState({ of }: { of: BriefFiling }) {
  const { t, pick } = useWords();
  return (
    <span className="filing-state">
      <Tag color={COLOURS[of.status]} variant="outlined">
        {pick(of.stage_name)}
      </Tag>
      {of.status !== "working" && <span className="quiet">{t(`filings.status.${of.status}`)}</span>}
    </span>
  );
}
