// Two players in step: the part in common of the suspect against that of the work.
//
// Invariant: places are those of the suspect; where the work stands follows from the segment that holds them. What drifts apart is set right.
import { type RefObject, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Match } from "~/api/shapes";

export type Heard = "both" | "suspect" | "work";
export type Side = "suspect" | "work";

export interface Span {
  suspect: [number, number];
  work: [number, number];
  /** How far the work moves while the suspect moves by one. */
  rate: number;
}

export interface Transport {
  isPlaying: boolean;
  /** Milliseconds of the suspect. */
  at: number;
  /** Which segment is played. */
  segment: number;
  /** How fast the work plays. */
  rate: number;
  heard: Heard;
  hear: (heard: Heard) => void;
  choose: (segment: number, isPlayed?: boolean) => void;
  toggle: () => void;
  seek: (side: Side, ms: number) => void;
}

/** What drifts further is set right at once. */
const DRIFT_S = 0.12;

/** Players go from a quarter to four times their speed. */
const bounded = (rate: number) => (Number.isFinite(rate) && rate > 0 ? Math.min(4, Math.max(0.25, rate)) : 1);

/** The speed that the comparison solved is finer than the ends of a segment, which lie on its grid. */
export function spansOf({ segments, transform }: Pick<Match, "segments" | "transform">): Span[] {
  const solved = Number(transform?.["time_scale"]);
  return segments.map(({ suspect: [s0 = 0, s1 = 0], work: [w0 = 0, w1 = 0] }) => ({
    suspect: [s0, s1],
    work: [w0, w1],
    rate: bounded(Number.isFinite(solved) ? solved : (w1 - w0) / (s1 - s0)),
  }));
}

const middle = ([from, to]: [number, number]) => (from + to) / 2;

/** The place on the other side; the middles of both stretches meet. */
export const across = ({ suspect, work, rate }: Span, from: Side, ms: number): number =>
  from === "suspect" ? middle(work) + (ms - middle(suspect)) * rate : middle(suspect) + (ms - middle(work)) / rate;

/** The segment that holds a place, or else the nearest one. */
export function segmentAt(spans: Span[], side: Side, ms: number): number {
  const away = ({ [side]: [from, to] }: Span) => (ms < from ? from - ms : ms > to ? ms - to : 0);
  return spans.reduce((best, span, place) => (away(span) < away(spans[best] as Span) ? place : best), 0);
}

export function useTransport(
  left: RefObject<HTMLMediaElement | null>,
  right: RefObject<HTMLMediaElement | null>,
  found: Match,
): Transport {
  const spans = useMemo(() => spansOf(found), [found]);
  const [segment, setSegment] = useState(0);
  const [isPlaying, setPlaying] = useState(false);
  const [at, setAt] = useState(spans[0]?.suspect[0] ?? 0);
  const [heard, setHeard] = useState<Heard>("both");
  const span = spans[segment];
  const rate = span?.rate ?? 1;
  const ticking = useRef(0);

  useEffect(() => {
    if (left.current) left.current.muted = heard === "work";
    if (right.current) right.current.muted = heard === "suspect";
  }, [left, right, heard]);

  const place = useCallback(
    (which: number, ms: number) => {
      const to = spans[which];
      if (!to) return;
      setSegment(which);
      setAt(ms);
      if (left.current) left.current.currentTime = Math.max(0, ms / 1000);
      if (right.current) right.current.currentTime = Math.max(0, across(to, "suspect", ms) / 1000);
    },
    [left, right, spans],
  );

  const pause = useCallback(() => {
    setPlaying(false);
    left.current?.pause();
    right.current?.pause();
  }, [left, right]);

  const play = useCallback(
    (which: number) => {
      const of = spans[which];
      const [one, other] = [left.current, right.current];
      if (!of || !one || !other) return;
      const pitch = Number(found.transform?.["pitch_scale"] ?? 1);
      other.playbackRate = of.rate;
      // Where pitch went up with speed, the work is made to sound as high as the suspect.
      other.preservesPitch = Math.abs(pitch - 1) < Math.abs(pitch - of.rate);
      setPlaying(true);
      Promise.all([one.play(), other.play()]).catch(pause);
    },
    [left, right, spans, found, pause],
  );

  useEffect(() => {
    if (!isPlaying) return;
    const tick = () => {
      const [one, other] = [left.current, right.current];
      if (one && other && span) {
        const ms = one.currentTime * 1000;
        setAt(ms);
        const wanted = across(span, "suspect", ms) / 1000;
        if (Math.abs(other.currentTime - wanted) > DRIFT_S && wanted >= 0) other.currentTime = wanted;
        if (one.ended || ms >= span.suspect[1]) {
          pause();
          return;
        }
      }
      ticking.current = requestAnimationFrame(tick);
    };
    ticking.current = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(ticking.current);
  }, [isPlaying, left, right, span, pause]);

  const choose = useCallback(
    (which: number, isPlayed = true) => {
      place(which, spans[which]?.suspect[0] ?? 0);
      if (isPlayed) play(which);
    },
    [place, play, spans],
  );
  const toggle = useCallback(() => {
    if (isPlaying) return pause();
    // From the end it begins anew.
    if (span && (at >= span.suspect[1] - 50 || at < span.suspect[0])) place(segment, span.suspect[0]);
    else place(segment, at);
    play(segment);
  }, [isPlaying, pause, span, at, place, segment, play]);
  const seek = useCallback(
    (side: Side, ms: number) => {
      const which = segmentAt(spans, side, ms);
      const to = spans[which];
      if (to) place(which, side === "suspect" ? ms : across(to, "work", ms));
    },
    [place, spans],
  );
  return { isPlaying, at, segment, rate, heard, hear: setHeard, choose, toggle, seek };
}
