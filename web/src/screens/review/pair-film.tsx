// Two films: both players in step, and frames of the part in common from each at the same moments.
import { Alert } from "antd";
import { type RefObject, useEffect, useRef, useState } from "react";
import { Broken, Loading } from "~/parts/broken";
import { useWords } from "~/words/words";
import { usePlayable } from "./content";
import { Controls, FileHead, Hindrance, type PairProps, PLAY, Strip } from "./pair";
import { clock, nth } from "./told";
import { across, type Side, spansOf, useTransport } from "./transport";

const FRAMES = 6;
const FRAME_WIDTH = 200;
/** A player that does not come to a place in this time will not. */
const SEEK_MS = 4_000;

export default function FilmPair({ matter, pair, found }: PairProps) {
  const { t } = useWords();
  const left = useRef<HTMLVideoElement>(null);
  const right = useRef<HTMLVideoElement>(null);
  const transport = useTransport(left, right, found);
  const [lengthMs, setLengthMs] = useState({ suspect: 0, work: 0 });
  const { toggle } = transport;
  useEffect(() => {
    document.addEventListener(PLAY, toggle);
    return () => document.removeEventListener(PLAY, toggle);
  }, [toggle]);
  const films = {
    suspect: usePlayable(matter, pair.suspect_file, "video"),
    work: usePlayable(matter, pair.work_file, "video"),
  };
  const sides: [Side, RefObject<HTMLVideoElement | null>][] = [
    ["suspect", left],
    ["work", right],
  ];
  const span = spansOf(found)[transport.segment];
  const places = span
    ? Array.from({ length: FRAMES }, (_, at) => {
        const share = (at + 0.5) / FRAMES;
        return span.suspect[0] + (span.suspect[1] - span.suspect[0]) * share;
      })
    : [];
  return (
    <div className="stack">
      <Controls transport={transport} found={found} lengthMs={lengthMs.suspect} />
      <div className="pictures">
        {sides.map(([side, player]) => (
          <section key={side} className="pair-side">
            <FileHead matter={matter} side={side} pair={pair} />
            <Film
              matter={matter}
              pair={pair}
              side={side}
              of={films[side]}
              player={player}
              onLength={(length) => {
                setLengthMs((now) => ({ ...now, [side]: length }));
                transport.choose(transport.segment, false);
              }}
            />
            <Strip found={found} side={side} lengthMs={lengthMs[side]} transport={transport} />
          </section>
        ))}
      </div>
      {span && (
        <section className="stack">
          <h3>{t("review.media.frames")}</h3>
          {sides.map(([side]) => (
            <Frames
              key={side}
              url={films[side].url}
              name={pair.found?.[side] ?? ""}
              side={side}
              places={side === "suspect" ? places : places.map((ms) => across(span, "suspect", ms))}
            />
          ))}
        </section>
      )}
    </div>
  );
}

function Film({
  matter,
  pair,
  side,
  of,
  player,
  onLength,
}: {
  matter: string;
  pair: PairProps["pair"];
  side: Side;
  of: ReturnType<typeof usePlayable>;
  player: RefObject<HTMLVideoElement | null>;
  onLength: (ms: number) => void;
}) {
  const { t } = useWords();
  const [cannot, setCannot] = useState(false);
  const file = side === "suspect" ? pair.suspect_file : pair.work_file;
  if (!file || of.isForeign || of.isTooLarge) return <Hindrance matter={matter} file={file} of={of} />;
  if (of.error) return <Broken error={of.error} />;
  if (cannot) return <Alert type="info" showIcon title={t("review.media.cannot")} />;
  if (!of.url) return <Loading />;
  return (
    // biome-ignore lint/a11y/useMediaCaption: evidence has no captions, and a transcript would be somebody's reading of it
    <video
      ref={player}
      className="film"
      src={of.url}
      preload="auto"
      playsInline
      onError={() => setCannot(true)}
      onLoadedMetadata={({ currentTarget }) => onLength(currentTarget.duration * 1000)}
    />
  );
}

/** Still pictures at these places, drawn one after the other by a player of their own. */
function Frames({ url, name, side, places }: { url: string | undefined; name: string; side: Side; places: number[] }) {
  const { t } = useWords();
  const canvases = useRef<(HTMLCanvasElement | null)[]>([]);
  const key = places.map(Math.round).join(" ");
  useEffect(() => {
    if (!url) return;
    const film = document.createElement("video");
    film.muted = true;
    film.preload = "auto";
    let isGone = false;
    const reached = (ms: number) =>
      new Promise<void>((resolve, reject) => {
        const late = window.setTimeout(() => reject(new Error("late")), SEEK_MS);
        film.onseeked = () => {
          window.clearTimeout(late);
          resolve();
        };
        film.currentTime = Math.max(0, ms / 1000);
      });
    film.onloadeddata = async () => {
      film.onloadeddata = null;
      for (const [at, ms] of key.split(" ").map(Number).entries()) {
        try {
          await reached(ms);
        } catch {
          // What cannot be reached stays empty; the time stands under it.
          continue;
        }
        const canvas = canvases.current[at];
        if (isGone || !canvas) return;
        canvas.width = FRAME_WIDTH;
        canvas.height = Math.round((FRAME_WIDTH * film.videoHeight) / Math.max(1, film.videoWidth));
        canvas.getContext("2d")?.drawImage(film, 0, 0, canvas.width, canvas.height);
      }
    };
    film.src = url;
    return () => {
      isGone = true;
      film.removeAttribute("src");
      film.load();
    };
  }, [url, key]);
  return (
    <div>
      <div className="quiet">{t(`review.column.${side}`)}</div>
      <ul className="frames">
        {places.map((ms, at) => (
          <li key={nth(at)}>
            <canvas
              ref={(canvas) => {
                canvases.current[at] = canvas;
              }}
              role="img"
              aria-label={t("review.media.frame", { name, at: clock(ms) })}
            />
            <span className="number quiet">{clock(ms)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
