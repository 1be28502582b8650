// A paper of ours on the screen: pdf.js draws it on canvas, and nothing of it runs.
import { Alert, Button, Modal, Spin } from "antd";
import { useEffect, useRef, useState } from "react";
import { send } from "~/api/client";
import { useWords } from "~/words/words";

export function PaperPreview({ url, title, onClose }: { url: string; title: string; onClose: () => void }) {
  const { t } = useWords();
  const holder = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<"loading" | "shown" | "failed">("loading");
  const pageWords = useRef((page: number, pages: number) => t("papers.page_of", { page, pages }));
  pageWords.current = (page, pages) => t("papers.page_of", { page, pages });

  useEffect(() => {
    let isOver = false;
    let end: (() => void) | undefined;
    const draw = async () => {
      const [pdf, worker] = await Promise.all([
        import("pdfjs-dist"),
        import("pdfjs-dist/build/pdf.worker.min.mjs?url") as Promise<{ default: string }>,
      ]);
      pdf.GlobalWorkerOptions.workerSrc = worker.default;
      const bytes = await (await send(new URL(url, window.location.origin).href)).arrayBuffer();
      const loading = pdf.getDocument({ data: bytes, isEvalSupported: false, enableXfa: false });
      end = () => void loading.destroy();
      const read = await loading.promise;
      for (let number = 1; number <= Math.min(read.numPages, 50) && !isOver; number += 1) {
        const page = await read.getPage(number);
        const width = holder.current?.clientWidth ?? 800;
        const plain = page.getViewport({ scale: 1 });
        const ratio = Math.min(window.devicePixelRatio || 1, 2);
        const viewport = page.getViewport({ scale: (width / plain.width) * ratio });
        const canvas = document.createElement("canvas");
        canvas.width = viewport.width;
        canvas.height = viewport.height;
        canvas.className = "tab-page";
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", pageWords.current(number, read.numPages));
        if (isOver) return;
        holder.current?.append(canvas);
        await page.render({ canvas, viewport }).promise;
        setState("shown");
      }
    };
    draw().catch(() => {
      if (!isOver) setState("failed");
    });
    return () => {
      isOver = true;
      end?.();
      holder.current?.replaceChildren();
    };
  }, [url]);

  return (
    <Modal
      open
      width={900}
      title={title}
      onCancel={onClose}
      footer={
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button href={url} download>
            {t("papers.download")}
          </Button>
          <Button onClick={onClose}>{t("frame.close")}</Button>
        </div>
      }
    >
      {state === "loading" && (
        <div role="status" style={{ textAlign: "center", padding: 48 }}>
          <Spin /> <span className="quiet">{t("frame.loading")}</span>
        </div>
      )}
      {state === "failed" && <Alert type="warning" showIcon role="alert" title={t("papers.preview_failed")} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard */}
      <section ref={holder} className="tab-pages" tabIndex={0} aria-label={title} />
    </Modal>
  );
}
