// The list beside the pair: only the rows in sight are drawn, so that thousands scroll as well as ten.
import { useEffect, useRef, useState } from "react";
import { useWords } from "~/words/words";
import type { Pair } from "./matches";
import { useTold } from "./told";

const ROW_PX = 68;
const BEYOND = 6;
const SIGNS = { open: "○", confirmed: "✓", rejected: "✕" } as const;

export function PairList({
  pairs,
  shown,
  onChoose,
}: {
  pairs: Pair[];
  shown: number | undefined;
  onChoose: (index: number) => void;
}) {
  const { t, maybe } = useWords();
  const told = useTold();
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const place = pairs.findIndex((pair) => pair.index === shown);
  useEffect(() => {
    const seen = box.current;
    if (!seen) return;
    const measure = new ResizeObserver(() => setHeight(seen.clientHeight));
    measure.observe(seen);
    return () => measure.disconnect();
  }, []);
  useEffect(() => {
    const seen = box.current;
    if (!seen || place < 0) return;
    const at = place * ROW_PX;
    if (at < seen.scrollTop) seen.scrollTop = at;
    else if (at + ROW_PX > seen.scrollTop + seen.clientHeight) seen.scrollTop = at + ROW_PX - seen.clientHeight;
  }, [place]);
  const first = Math.max(0, Math.floor(top / ROW_PX) - BEYOND);
  const last = Math.min(pairs.length, Math.ceil((top + height) / ROW_PX) + BEYOND);
  return (
    <div className="pair-list" ref={box} onScroll={({ currentTarget }) => setTop(currentTarget.scrollTop)}>
      <ol style={{ height: pairs.length * ROW_PX }}>
        {pairs.slice(first, last).map((pair, at) => (
          <li key={pair.index} style={{ top: (first + at) * ROW_PX, height: ROW_PX }}>
            <button
              type="button"
              aria-current={pair.index === shown ? "true" : undefined}
              onClick={() => onChoose(pair.index)}
            >
              <span className={`sign sign-${pair.verdict}`} aria-hidden="true">
                {SIGNS[pair.verdict]}
              </span>
              <span className="pair-names">
                <span className="clipped">{pair.found?.suspect ?? t("review.unreadable")}</span>
                <span className="clipped quiet">↔ {pair.found?.work}</span>
                <span className="quiet small clipped">
                  <span className="hidden-text">{t(`review.verdict.${pair.verdict}`)} </span>
                  {pair.found && maybe(`review.medium.${pair.found.medium}`, pair.found.medium)}
                  {pair.found && ` · ${told.common(pair.found)}`}
                </span>
              </span>
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}
