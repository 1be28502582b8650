// Two sounds: their waveforms, the parts in common on both, heard in step.
import { Alert } from "antd";
import { type RefObject, useEffect, useRef, useState } from "react";
import type WaveSurfer from "wavesurfer.js";
import { nonce } from "~/app/theme";
import { Broken } from "~/parts/broken";
import { useWords } from "~/words/words";
import { usePlayable } from "./content";
import { Controls, FileHead, Hindrance, type PairProps, PLAY, Strip } from "./pair";
import { type Peaks, usePeaks } from "./peaks";
import { type Side, useTransport } from "./transport";

export default function AudioPair({ matter, pair, found }: PairProps) {
  const left = useRef<HTMLAudioElement>(null);
  const right = useRef<HTMLAudioElement>(null);
  const transport = useTransport(left, right, found);
  const [lengthMs, setLengthMs] = useState({ suspect: 0, work: 0 });
  const { toggle } = transport;
  useEffect(() => {
    document.addEventListener(PLAY, toggle);
    return () => document.removeEventListener(PLAY, toggle);
  }, [toggle]);
  const sides: [Side, RefObject<HTMLAudioElement | null>][] = [
    ["suspect", left],
    ["work", right],
  ];
  return (
    <div className="stack">
      <Controls transport={transport} found={found} lengthMs={lengthMs.suspect} />
      {sides.map(([side, player]) => (
        <section key={side} className="pair-side">
          <FileHead matter={matter} side={side} pair={pair} />
          <Sound
            matter={matter}
            pair={pair}
            side={side}
            player={player}
            onLength={(length) => setLengthMs((now) => ({ ...now, [side]: length }))}
            onReady={() => transport.choose(transport.segment, false)}
            onPlace={(ms) => transport.seek(side, ms)}
          />
          <Strip found={found} side={side} lengthMs={lengthMs[side]} transport={transport} />
        </section>
      ))}
    </div>
  );
}

function Sound({
  matter,
  pair,
  side,
  player,
  onLength,
  onReady,
  onPlace,
}: {
  matter: string;
  pair: PairProps["pair"];
  side: Side;
  player: RefObject<HTMLAudioElement | null>;
  onLength: (ms: number) => void;
  onReady: () => void;
  onPlace: (ms: number) => void;
}) {
  const { t } = useWords();
  const file = side === "suspect" ? pair.suspect_file : pair.work_file;
  const playable = usePlayable(matter, file, "audio");
  const peaks = usePeaks(matter, file, playable.blob);
  const [cannot, setCannot] = useState(false);
  const lengthOf = useRef(onLength);
  lengthOf.current = onLength;
  useEffect(() => {
    if (peaks.data) lengthOf.current(peaks.data.seconds * 1000);
  }, [peaks.data]);
  if (!file || playable.isForeign || playable.isTooLarge) {
    return <Hindrance matter={matter} file={file} of={playable} />;
  }
  if (playable.error) return <Broken error={playable.error} />;
  return (
    <>
      {/* biome-ignore lint/a11y/useMediaCaption: evidence has no captions, and a transcript would be somebody's reading of it */}
      <audio
        ref={player}
        src={playable.url}
        preload="auto"
        onLoadedMetadata={onReady}
        onError={() => setCannot(true)}
      />
      {cannot || peaks.error ? (
        <Alert type="info" showIcon title={t("review.media.cannot")} />
      ) : peaks.data ? (
        <Waveform of={peaks.data} player={player} name={file.name} onPlace={onPlace} />
      ) : (
        <div className="waveform quiet" role="status">
          {t("review.media.drawing")}
        </div>
      )}
    </>
  );
}

function Waveform({
  of,
  player,
  name,
  onPlace,
}: {
  of: Peaks;
  player: RefObject<HTMLAudioElement | null>;
  name: string;
  onPlace: (ms: number) => void;
}) {
  const { t } = useWords();
  const box = useRef<HTMLDivElement>(null);
  const place = useRef(onPlace);
  place.current = onPlace;
  useEffect(() => {
    let drawn: WaveSurfer | undefined;
    let isGone = false;
    void import("wavesurfer.js").then(({ default: Waves }) => {
      if (isGone || !box.current) return;
      const colours = getComputedStyle(box.current);
      drawn = Waves.create({
        container: box.current,
        height: 84,
        peaks: [of.peaks],
        duration: of.seconds,
        media: player.current ?? undefined,
        waveColor: colours.getPropertyValue("--wave"),
        progressColor: colours.getPropertyValue("--wave-played"),
        cursorColor: colours.getPropertyValue("--wave-cursor"),
        cursorWidth: 2,
        normalize: true,
        dragToSeek: false,
        cspNonce: nonce,
      });
      drawn.on("interaction", (seconds) => place.current(seconds * 1000));
    });
    return () => {
      isGone = true;
      drawn?.destroy();
    };
  }, [of, player]);
  return <div ref={box} className="waveform" role="img" aria-label={t("review.media.waveform", { name })} />;
}
