// Two pictures: side by side, or the suspect laid over the work so that the parts in common meet.
import { Checkbox, Radio, Slider } from "antd";
import { useState } from "react";
import type { Match } from "~/api/shapes";
import { Broken, Loading } from "~/parts/broken";
import { useWords } from "~/words/words";
import { usePlayable } from "./content";
import { FileHead, Hindrance, type PairProps } from "./pair";
import { nth } from "./told";
import type { Side } from "./transport";

type View = "side" | "overlay" | "swipe" | "difference";
interface Size {
  width: number;
  height: number;
}
const SIDES: Side[] = ["suspect", "work"];

export default function ImagePair({ matter, pair, found }: PairProps) {
  const { t } = useWords();
  const [view, setView] = useState<View>("side");
  const [share, setShare] = useState(50);
  const [isMarked, setMarked] = useState(true);
  const [which, setWhich] = useState(0);
  const [sizes, setSizes] = useState<Partial<Record<Side, Size>>>({});
  const left = usePlayable(matter, pair.suspect_file, "image");
  const right = usePlayable(matter, pair.work_file, "image");
  const hindered = SIDES.map((side) => (
    <Hindrance
      key={side}
      matter={matter}
      file={side === "suspect" ? pair.suspect_file : pair.work_file}
      of={side === "suspect" ? left : right}
    />
  ));
  const error = left.error ?? right.error;
  if (error) return <Broken error={error} />;
  if (!pair.suspect_file || !pair.work_file || left.isForeign || right.isForeign || left.isTooLarge || right.isTooLarge)
    return <div className="stack">{hindered}</div>;
  if (!left.url || !right.url) return <Loading />;
  const urls = { suspect: left.url, work: right.url };
  const names = { suspect: pair.suspect_file.name, work: pair.work_file.name };
  const picture = (side: Side, style?: React.CSSProperties) => (
    <img
      src={urls[side]}
      alt={t("review.image.alt", { role: t(`review.column.${side}`), name: names[side] })}
      style={style}
      onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) =>
        setSizes((now) => ({ ...now, [side]: { width, height } }))
      }
    />
  );
  const segment = found.segments[which] ?? found.segments[0];
  const placed = segment && sizes.suspect && sizes.work && laid(segment, sizes.suspect, sizes.work);
  return (
    <div className="stack">
      <div className="row">
        <Radio.Group
          optionType="button"
          aria-label={t("review.image.view")}
          value={view}
          onChange={({ target }) => setView(target.value)}
          options={(["side", "overlay", "swipe", "difference"] as const).map((value) => ({
            value,
            label: t(`review.image.${value}`),
          }))}
        />
        <Checkbox checked={isMarked} onChange={({ target }) => setMarked(target.checked)}>
          {t("review.image.region")}
        </Checkbox>
        {found.segments.length > 1 &&
          view !== "side" &&
          found.segments.map((_, place) => (
            <label key={nth(place)} className="row">
              <input type="radio" name="region" checked={which === place} onChange={() => setWhich(place)} />
              {t("review.media.segment", { number: place + 1 })}
            </label>
          ))}
        {(view === "overlay" || view === "swipe") && (
          <span className="row position">
            <span id="share">{t(view === "overlay" ? "review.image.opacity" : "review.image.edge")}</span>
            <Slider
              className="share"
              min={0}
              max={100}
              value={share}
              onChange={setShare}
              ariaLabelledByForHandle="share"
              tooltip={{ open: false }}
            />
          </span>
        )}
      </div>
      {view !== "side" && <div className="quiet">{t("review.image.aligned")}</div>}
      <div className={view === "side" ? "pictures" : "pictures pictures-hidden"}>
        {SIDES.map((side) => (
          <section key={side} className="pair-side">
            <FileHead matter={matter} side={side} pair={pair} />
            <div className="picture">
              {picture(side)}
              {isMarked && sizes[side] && <Regions found={found} side={side} size={sizes[side]} />}
            </div>
          </section>
        ))}
      </div>
      {view !== "side" && sizes.work && (
        <div className="picture picture-over">
          {picture("work")}
          {placed && (
            <img
              src={urls.suspect}
              alt={t("review.image.alt", { role: t("review.column.suspect"), name: names.suspect })}
              className={view === "difference" ? "over over-difference" : "over"}
              style={{
                ...placed,
                ...(view === "overlay" ? { opacity: share / 100 } : {}),
                ...(view === "swipe" ? { clipPath: cut(share, placed) } : {}),
              }}
            />
          )}
          {view === "swipe" && <div className="edge" style={{ left: `${share}%` }} />}
          {isMarked && <Regions found={found} side="work" size={sizes.work} />}
        </div>
      )}
    </div>
  );
}

interface Placed {
  left: string;
  top: string;
  width: string;
  height: string;
}

/** Where the suspect lies on the work, in per cent of the work, when the parts in common meet. */
export function laid({ suspect, work }: Match["segments"][number], size: Size, over: Size): Placed {
  const [sx0 = 0, sy0 = 0, sx1 = 1, sy1 = 1] = suspect;
  const [wx0 = 0, wy0 = 0, wx1 = 1, wy1 = 1] = work;
  const across = (wx1 - wx0) / Math.max(1, sx1 - sx0);
  const down = (wy1 - wy0) / Math.max(1, sy1 - sy0);
  const percent = (part: number, whole: number) => `${(part / whole) * 100}%`;
  return {
    left: percent(wx0 - sx0 * across, over.width),
    top: percent(wy0 - sy0 * down, over.height),
    width: percent(size.width * across, over.width),
    height: percent(size.height * down, over.height),
  };
}

/** Left of the edge the suspect shows, right of it the work; the edge is a share of the work. */
function cut(share: number, { left, width }: Placed): string {
  const at = ((share - Number.parseFloat(left)) / Number.parseFloat(width)) * 100;
  return `inset(0 ${Math.min(100, Math.max(0, 100 - at))}% 0 0)`;
}

function Regions({ found, side, size }: { found: Match; side: Side; size: Size }) {
  return found.segments.map((segment, place) => {
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = segment[side];
    return (
      <div
        key={nth(place)}
        className={`region region-${place % 4}`}
        aria-hidden="true"
        style={{
          left: `${(x0 / size.width) * 100}%`,
          top: `${(y0 / size.height) * 100}%`,
          width: `${((x1 - x0) / size.width) * 100}%`,
          height: `${((y1 - y0) / size.height) * 100}%`,
        }}
      >
        <span>{place + 1}</span>
      </div>
    );
  });
}
