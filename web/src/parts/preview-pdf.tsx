// A PDF on a canvas, one page at a time; its words beside it as text. Nothing in it runs: no scripts, no forms, no fonts of its own in the page.
import { Alert, Button } from "antd";
import type { PDFDocumentProxy } from "pdfjs-dist";
import worker from "pdfjs-dist/build/pdf.worker.min.mjs?url";
import { useEffect, useRef, useState } from "react";
import { useWords } from "~/words/words";

const MAX_WORDS = 20_000;
const MAX_CANVAS_SIDE = 4_000;

export default function PreviewPdf({ bytes, name }: { bytes: Uint8Array<ArrayBuffer>; name: string }) {
  const { t } = useWords();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [pdf, setPdf] = useState<PDFDocumentProxy>();
  const [page, setPage] = useState(1);
  const [words, setWords] = useState("");
  const [isBad, setBad] = useState(false);

  useEffect(() => {
    let isOver = false;
    let opened: { destroy: () => Promise<void> } | undefined;
    void import("pdfjs-dist").then(({ getDocument, GlobalWorkerOptions }) => {
      if (isOver) return;
      GlobalWorkerOptions.workerSrc = worker;
      const task = getDocument({
        // A copy: the worker takes what it is given.
        data: bytes.slice(),
        isEvalSupported: false,
        enableXfa: false,
        disableFontFace: true,
        useWasm: false,
        stopAtErrors: false,
      });
      opened = task;
      task.promise.then(
        (found) => !isOver && setPdf(found),
        () => !isOver && setBad(true),
      );
    });
    return () => {
      isOver = true;
      void opened?.destroy();
    };
  }, [bytes]);

  useEffect(() => {
    if (!pdf) return undefined;
    let isOver = false;
    let drawing: { cancel: () => void } | undefined;
    void (async () => {
      try {
        const one = await pdf.getPage(page);
        const there = canvas.current;
        if (isOver || !there) return;
        const whole = one.getViewport({ scale: 1 });
        const wanted = (there.parentElement?.clientWidth ?? 700) * Math.min(2, window.devicePixelRatio || 1);
        const scale = Math.min(wanted / whole.width, MAX_CANVAS_SIDE / Math.max(whole.width, whole.height));
        const viewport = one.getViewport({ scale });
        there.width = Math.floor(viewport.width);
        there.height = Math.floor(viewport.height);
        const task = one.render({ canvas: there, viewport, annotationMode: 0 });
        drawing = task;
        await task.promise;
        const content = await one.getTextContent();
        const text = content.items.map((item) => ("str" in item ? item.str + (item.hasEOL ? "\n" : "") : "")).join("");
        if (!isOver) setWords(text.slice(0, MAX_WORDS));
      } catch {
        if (!isOver) setBad(true);
      }
    })();
    return () => {
      isOver = true;
      drawing?.cancel();
    };
  }, [pdf, page]);

  if (isBad) return <Alert type="warning" showIcon title={t("evidence.preview.bad")} />;
  return (
    <div className="stack" style={{ gap: 8 }}>
      <div className="row">
        <Button size="small" disabled={!pdf || page <= 1} onClick={() => setPage(page - 1)}>
          {t("evidence.preview.before")}
        </Button>
        <span className="number" role="status">
          {pdf ? t("evidence.preview.page", { page, all: pdf.numPages }) : t("frame.loading")}
        </span>
        <Button size="small" disabled={!pdf || page >= pdf.numPages} onClick={() => setPage(page + 1)}>
          {t("evidence.preview.after")}
        </Button>
      </div>
      <canvas
        ref={canvas}
        role="img"
        aria-label={t("evidence.preview.page_of", { name, page })}
        className="preview-page"
      />
      {words.trim() !== "" && (
        <details>
          <summary>{t("evidence.preview.words")}</summary>
          <pre className="preview-text">{words}</pre>
        </details>
      )}
    </div>
  );
}
