// What every way of showing a pair has in common: its parts, its strip of segments, the controls of two players, what cannot be shown.
import { PauseOutlined, PlayCircleOutlined } from "@ant-design/icons";
import { Alert, Button, Radio } from "antd";
import type { Match } from "~/api/shapes";
import { useWords } from "~/words/words";
import { contentPath, type Playable } from "./content";
import type { MatchFile, Pair } from "./matches";
import { clock, nth, useTold } from "./told";
import type { Side, Transport } from "./transport";

export interface PairProps {
  matter: string;
  pair: Pair;
  found: Match;
}

/** Why a file is not on the page, with the way to it; nothing when it can be shown. */
export function Hindrance({ matter, file, of }: { matter: string; file: MatchFile | null; of: Playable }) {
  const { t } = useWords();
  if (!file) return <Alert type="warning" showIcon title={t("review.no_file")} />;
  if (!of.isTooLarge && !of.isForeign) return null;
  return (
    <Alert
      type="info"
      showIcon
      title={t(of.isTooLarge ? "review.media.too_large" : "review.media.foreign")}
      action={<Original matter={matter} file={file} />}
    />
  );
}

export function Original({ matter, file }: { matter: string; file: MatchFile }) {
  const { t } = useWords();
  return (
    <Button size="small" href={contentPath(matter, file.id)} download={file.name}>
      {t("review.download")}
    </Button>
  );
}

export function FileHead({ matter, side, pair }: { matter: string; side: Side; pair: Pair }) {
  const { t } = useWords();
  const file = side === "suspect" ? pair.suspect_file : pair.work_file;
  return (
    <div className="pair-head">
      <span>
        <span className="quiet">{t(`review.column.${side}`)}</span> <strong>{pair.found?.[side]}</strong>
        {file?.is_withdrawn && <span className="light-red"> {t("review.withdrawn")}</span>}
      </span>
      {file && <Original matter={matter} file={file} />}
    </div>
  );
}

/** The parts in common along one file: the same number and the same hatching on both. */
export function Strip({
  found,
  side,
  lengthMs,
  transport,
}: {
  found: Match;
  side: Side;
  lengthMs: number;
  transport: Transport;
}) {
  const { t } = useWords();
  const told = useTold();
  if (lengthMs <= 0) return <div className="strip" />;
  return (
    <div className="strip">
      {found.segments.map((segment, place) => {
        const [from = 0, to = 0] = segment[side];
        return (
          <button
            type="button"
            key={nth(place)}
            className={`segment hatch-${place % 4}`}
            aria-pressed={transport.segment === place}
            aria-label={t("review.media.segment_at", {
              number: place + 1,
              left: told.range("ms", segment.suspect),
              right: told.range("ms", segment.work),
            })}
            style={{ left: `${(from / lengthMs) * 100}%`, width: `${((to - from) / lengthMs) * 100}%` }}
            onClick={() => transport.choose(place)}
          >
            <span>{place + 1}</span>
          </button>
        );
      })}
    </div>
  );
}

export function Controls({ transport, found, lengthMs }: { transport: Transport; found: Match; lengthMs: number }) {
  const { t } = useWords();
  return (
    <div className="row transport">
      <Button
        type="primary"
        icon={transport.isPlaying ? <PauseOutlined /> : <PlayCircleOutlined />}
        onClick={transport.toggle}
      >
        {t(transport.isPlaying ? "review.media.pause" : "review.media.play")}
      </Button>
      {found.segments.length > 1 && (
        <fieldset className="row segment-choice">
          <legend className="hidden-text">{t("review.media.segments")}</legend>
          {found.segments.map((_, place) => (
            <Button
              key={nth(place)}
              size="small"
              type={transport.segment === place ? "primary" : "default"}
              ghost={transport.segment === place}
              aria-pressed={transport.segment === place}
              onClick={() => transport.choose(place)}
            >
              {t("review.media.segment", { number: place + 1 })}
            </Button>
          ))}
        </fieldset>
      )}
      <Radio.Group
        optionType="button"
        size="small"
        aria-label={t("review.media.hear")}
        value={transport.heard}
        onChange={({ target }) => transport.hear(target.value)}
        options={(["both", "suspect", "work"] as const).map((value) => ({ value, label: t(`review.media.${value}`) }))}
      />
      <label className="row position">
        <span className="hidden-text">{t("review.media.position")}</span>
        <input
          type="range"
          min={0}
          max={Math.max(1, Math.round(lengthMs))}
          step={500}
          value={Math.round(transport.at)}
          aria-valuetext={clock(transport.at)}
          onChange={({ target }) => transport.seek("suspect", Number(target.value))}
        />
        <span className="number">{clock(transport.at)}</span>
      </label>
      {Math.abs(transport.rate - 1) >= 0.002 && (
        <span className="quiet">{t("review.media.rate", { rate: transport.rate.toFixed(2) })}</span>
      )}
    </div>
  );
}

/** What the keys of the review do in the pair that is shown. */
export const PLAY = "quanlian-play";
