// A verdict as sign and word.
import { Tag } from "antd";
import { useWords } from "~/words/words";
import type { Verdict } from "./matches";

const SIGNS: Record<Verdict, string> = { open: "○", confirmed: "✓", rejected: "✕" };

export function VerdictTag({ of }: { of: Verdict }) {
  const { t } = useWords();
  return (
    <Tag variant="outlined" className={`verdict verdict-${of}`}>
      <span aria-hidden="true">{SIGNS[of]}</span> {t(`review.verdict.${of}`)}
    </Tag>
  );
}
