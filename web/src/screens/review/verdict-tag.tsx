// A verdict as sign and word.
import { Tag } from "antd";
import { useWords } from "~/words/words";
import type { Verdict } from "./matches";

const SIGNS: Record<Verdict, string> = { open: "○", confirmed: "✓", rejected: "✕" };
const COLOURS: Record<Verdict, string> = { open: "default", confirmed: "green", rejected: "red" };

export function VerdictTag({ of }: { of: Verdict }) {
  const { t } = useWords();
  return (
    <Tag variant="outlined" color={COLOURS[of]}>
      <span aria-hidden="true">{SIGNS[of]}</span> {t(`review.verdict.${of}`)}
    </Tag>
  );
}
