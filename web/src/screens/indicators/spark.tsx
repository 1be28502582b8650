// A small picture of the parts of a figure: bars in their order. The table of the indicator's own page says the same in numbers.
import type { Part } from "./told";

const WIDTH = 160;
const HEIGHT = 34;

export function Spark({ parts, label }: { parts: Part[]; label: string }) {
  const values = parts.map((part) => (typeof part.value === "number" ? part.value : 0));
  const most = Math.max(...values, 0);
  if (parts.length < 2 || most <= 0) return <div className="spark" />;
  const step = WIDTH / parts.length;
  return (
    <svg className="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label} preserveAspectRatio="none">
      {values.map((value, at) => {
        const high = Math.max(value > 0 ? 2 : 0, (value / most) * (HEIGHT - 2));
        return (
          <rect
            key={parts[at]?.group ?? at}
            x={at * step + step * 0.12}
            y={HEIGHT - high}
            width={step * 0.76}
            height={high}
          />
        );
      })}
    </svg>
  );
}
