// Two texts or two programs: the stretches in common line by line, with what differs marked by sign and line, not by colour alone.
import { Alert, Button } from "antd";
import { useEffect, useMemo, useRef, useState } from "react";
import { Broken, Loading } from "~/parts/broken";
import { useWords } from "~/words/words";
import type { Aligned, Row, Side as Text } from "./align";
import type { Question } from "./align.worker";
import { MAX_TEXT_BYTES, useBytes } from "./content";
import { isPlain, textOf } from "./kinds";
import { FileHead, Hindrance, Original, type PairProps } from "./pair";
import { nth, useTold } from "./told";

/** Rows of a part that are drawn at first. */
const DRAWN = 400;
const SIGNS: Record<Row["kind"], string> = { same: "", changed: "≠", left: "+", right: "−" };

export default function TextPair({ matter, pair, found }: PairProps) {
  const { t } = useWords();
  const told = useTold();
  const left = useBytes(matter, pair.suspect_file, MAX_TEXT_BYTES);
  const right = useBytes(matter, pair.work_file, MAX_TEXT_BYTES);
  const texts = useTexts(left.data, right.data);
  const question = useMemo(() => texts && { ...texts, found }, [texts, found]);
  const aligned = useAligned(question && !question.isDocument ? question : undefined);
  const [open, setOpen] = useState<number[]>([]);
  const body = useRef<HTMLDivElement>(null);
  const error = left.error ?? right.error;
  if (error) return <Broken error={error} />;
  const isTooLarge = [pair.suspect_file, pair.work_file].some((file) => file && file.size_bytes > MAX_TEXT_BYTES);
  if (!pair.suspect_file || !pair.work_file || isTooLarge) {
    const of = { url: undefined, blob: undefined, error: null, isForeign: false, isTooLarge };
    return (
      <div className="stack">
        <Hindrance matter={matter} file={pair.suspect_file} of={of} />
        <Hindrance matter={matter} file={pair.work_file} of={of} />
      </div>
    );
  }
  if (question?.isDocument) {
    return (
      <div className="stack">
        <Alert type="info" showIcon title={t("review.text.document")} />
        <div className="row">
          <Original matter={matter} file={pair.suspect_file} />
          <Original matter={matter} file={pair.work_file} />
        </div>
        <ol>
          {found.segments.map((segment) => (
            <li key={segment.suspect.join()} className="number">
              {told.range(segment.unit, segment.suspect)} ↔ {told.range(segment.unit, segment.work)}
            </li>
          ))}
        </ol>
      </div>
    );
  }
  const toNext = () => {
    const marks = [...(body.current?.querySelectorAll<HTMLElement>("tr[data-differs]") ?? [])];
    const top = (body.current?.getBoundingClientRect().top ?? 0) + 8;
    const next = marks.find((mark) => mark.getBoundingClientRect().top > top + 40) ?? marks[0];
    next?.scrollIntoView({ block: "center" });
    next?.focus({ preventScroll: true });
  };
  return (
    <div className="stack">
      <div className="aligned-heads">
        <FileHead matter={matter} side="suspect" pair={pair} />
        <FileHead matter={matter} side="work" pair={pair} />
      </div>
      {aligned && (
        <div className="row">
          <Button size="small" onClick={toNext}>
            {t("review.text.differences")}
          </Button>
          <span className="quiet">{t("review.text.summary", countOf(aligned))}</span>
        </div>
      )}
      {!aligned ? (
        <div role="status">
          <Loading />
          <span className="hidden-text">{t("review.text.working")}</span>
        </div>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
        <section className="aligned" ref={body} tabIndex={0} aria-label={t("review.media.segments")}>
          {aligned.map((part, place) => {
            const segment = found.segments[place];
            const rows = open.includes(place) ? part.rows : part.rows.slice(0, DRAWN);
            return (
              <table key={nth(place)} className={found.medium === "code" ? "aligned-code" : undefined}>
                <caption>
                  {t("review.media.segment_at", {
                    number: place + 1,
                    left: told.range(segment?.unit ?? "", segment?.suspect ?? []),
                    right: told.range(segment?.unit ?? "", segment?.work ?? []),
                  })}
                  {part.isBounded && <div className="light-red">{t("review.text.bounded")}</div>}
                </caption>
                <colgroup>
                  <col className="aligned-number" />
                  <col />
                  <col className="aligned-sign" />
                  <col className="aligned-number" />
                  <col />
                </colgroup>
                <thead className="hidden-text">
                  <tr>
                    <th scope="col">{t("review.text.line")}</th>
                    <th scope="col">{t("review.column.suspect")}</th>
                    <th scope="col">{t("review.text.changed")}</th>
                    <th scope="col">{t("review.text.line")}</th>
                    <th scope="col">{t("review.column.work")}</th>
                  </tr>
                </thead>
                <tbody>
                  {rows.map((row, at) => (
                    <Line key={nth(at)} of={row} />
                  ))}
                  {rows.length < part.rows.length && (
                    <tr>
                      <td colSpan={5}>
                        <Button type="link" onClick={() => setOpen([...open, place])}>
                          {t("review.text.more", { count: part.rows.length - rows.length })}
                        </Button>
                      </td>
                    </tr>
                  )}
                </tbody>
              </table>
            );
          })}
        </section>
      )}
    </div>
  );
}

function Line({ of }: { of: Row }) {
  const { t } = useWords();
  const words = {
    same: "",
    changed: t("review.text.changed"),
    left: t("review.text.left_only"),
    right: t("review.text.right_only"),
  };
  const isDifferent = of.kind !== "same";
  return (
    <tr className={`line-${of.kind}`} {...(isDifferent ? { "data-differs": "", tabIndex: -1 } : {})}>
      <Cell of={of.left} />
      <td className="aligned-sign" title={words[of.kind]}>
        <span aria-hidden="true">{SIGNS[of.kind]}</span>
        <span className="hidden-text">{words[of.kind]}</span>
      </td>
      <Cell of={of.right} />
    </tr>
  );
}

function Cell({ of }: { of: Text | undefined }) {
  return (
    <>
      <td className="aligned-number number">{of?.line}</td>
      <td className="aligned-text">
        {of?.parts.map((part, at) =>
          part.isChanged ? <mark key={nth(at)}>{part.text}</mark> : <span key={nth(at)}>{part.text}</span>,
        )}
      </td>
    </>
  );
}

function countOf(aligned: Aligned[]): { lines: number; changed: number } {
  const rows = aligned.flatMap((part) => part.rows);
  return { lines: rows.length, changed: rows.filter((row) => row.kind !== "same").length };
}

interface Texts {
  left: string;
  right: string;
  isDocument: boolean;
}

function useTexts(left: Blob | undefined, right: Blob | undefined): Texts | undefined {
  const [read, setRead] = useState<Texts & { of: [Blob, Blob] }>();
  useEffect(() => {
    if (!left || !right) return;
    let isGone = false;
    void Promise.all([left.arrayBuffer(), right.arrayBuffer()]).then(([one, other]) => {
      if (isGone) return;
      const bytes = [new Uint8Array(one), new Uint8Array(other)] as const;
      setRead({
        of: [left, right],
        left: textOf(bytes[0]),
        right: textOf(bytes[1]),
        isDocument: !bytes.every(isPlain),
      });
    });
    return () => {
      isGone = true;
    };
  }, [left, right]);
  return read && read.of[0] === left && read.of[1] === right ? read : undefined;
}

/** The stretches of a match, aligned by a worker; nothing while it works. */
function useAligned(of: (Texts & { found: PairProps["found"] }) | undefined): Aligned[] | undefined {
  const [answer, setAnswer] = useState<{ of: unknown; segments: Aligned[] }>();
  useEffect(() => {
    if (!of) return;
    const worker = new Worker(new URL("./align.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<{ segments: Aligned[] }>) => {
      setAnswer({ of, segments: data.segments });
      worker.terminate();
    };
    const { left, right, found } = of;
    const unit = found.segments[0]?.unit ?? "char";
    worker.postMessage({ id: 1, left, right, unit, segments: found.segments } satisfies Question);
    return () => worker.terminate();
  }, [of]);
  return answer && answer.of === of ? answer.segments : undefined;
}
