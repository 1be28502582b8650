// The stages of a procedure and the ways between them; the table of acts beside it holds the same.
import type { Procedure } from "~/api/shapes";
import { useWords } from "~/words/words";
import { placesOf, waysOf } from "./layers";

const WIDTH = 132;
const HEIGHT = 46;
const ACROSS = 186;
const DOWN = 66;
const MARGIN = 14;

export function Diagram({
  of,
  chosen,
  onChoose,
}: {
  of: Procedure;
  chosen: string | undefined;
  onChoose: (stage: string | undefined) => void;
}) {
  const { t, pick } = useWords();
  const places = placesOf(of);
  const width = (Math.max(...places.map((place) => place.column)) + 1) * ACROSS + MARGIN * 2;
  const height = (Math.max(...places.map((place) => place.row)) + 1) * DOWN + MARGIN * 2;
  const at = (id: string) => {
    const place = places.find((one) => one.id === id);
    return place && { x: MARGIN + place.column * ACROSS, y: MARGIN + place.row * DOWN, column: place.column };
  };
  const ways = waysOf(of);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <section className="diagram" tabIndex={0} aria-label={t("procedure.diagram")}>
      <div className="diagram-ground" style={{ width, height }}>
        <svg width={width} height={height} aria-hidden="true">
          <defs>
            {["way", "way-chosen"].map((id) => (
              <marker
                key={id}
                id={id}
                viewBox="0 0 8 8"
                refX="7"
                refY="4"
                markerWidth="8"
                markerHeight="8"
                orient="auto"
              >
                <path d="M0 0 L8 4 L0 8 z" className={id} />
              </marker>
            ))}
          </defs>
          {[...ways]
            .sort((one, other) => Number(one.from === chosen) - Number(other.from === chosen))
            .map((way) => {
              const [from, to] = [at(way.from), at(way.to)];
              if (!from || !to) return null;
              const isChosen = way.from === chosen;
              return (
                <path
                  key={`${way.from} ${way.to}`}
                  d={line(from, to)}
                  className={isChosen ? "line line-chosen" : "line"}
                  markerEnd={`url(#${isChosen ? "way-chosen" : "way"})`}
                />
              );
            })}
        </svg>
        {of.stage.map((stage) => {
          const place = at(stage.id);
          return place ? (
            <button
              type="button"
              key={stage.id}
              className={`stage stage-${stage.kind}`}
              style={{ left: place.x, top: place.y, width: WIDTH, height: HEIGHT }}
              aria-pressed={chosen === stage.id}
              onClick={() => onChoose(chosen === stage.id ? undefined : stage.id)}
            >
              <span>{pick(stage.name)}</span>
              <span className="stage-kind">
                {t(`procedure.stage.${stage.kind as "working" | "waiting" | "closed"}`)}
              </span>
            </button>
          ) : null;
        })}
      </div>
    </section>
  );
}

interface Spot {
  x: number;
  y: number;
  column: number;
}

/** Forward from side to side; back and within a column around. */
function line(from: Spot, to: Spot): string {
  const [y0, y1] = [from.y + HEIGHT / 2, to.y + HEIGHT / 2];
  if (to.column > from.column) {
    const [x0, x1] = [from.x + WIDTH, to.x];
    const bend = Math.max(28, (x1 - x0) / 2);
    return `M${x0} ${y0 - 6} C${x0 + bend} ${y0 - 6} ${x1 - bend} ${y1 - 6} ${x1} ${y1 - 6}`;
  }
  if (to.column === from.column) {
    const x = from.x + WIDTH;
    return `M${x} ${y0 + 8} C${x + 42} ${y0 + 8} ${x + 42} ${y1 + 8} ${x} ${y1 + 8}`;
  }
  const [x0, x1] = [from.x, to.x + WIDTH];
  const bend = Math.max(28, (x0 - x1) / 2);
  return `M${x0} ${y0 + 10} C${x0 - bend} ${y0 + 10} ${x1 + bend} ${y1 + 10} ${x1} ${y1 + 10}`;
}
