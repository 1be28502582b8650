// A file of a matter to look at, without trusting it: as text, as an image, sound or film of a known kind, or a PDF on a canvas.
import { useQuery } from "@tanstack/react-query";
import { Alert } from "antd";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { firstBytes, rowsOf, type Shape, shapeOf, textOf, visible } from "~/api/content";
import { useWords } from "~/words/words";
import { Loading, Shown } from "./broken";
import "./preview.css";

const PreviewPdf = lazy(() => import("./preview-pdf"));

const HEAD = 64 << 10;
/** Of text the first part says enough; the rest needs all bytes. */
const MOST: Record<Shape, number> = {
  text: 256 << 10,
  json: 256 << 10,
  table: 256 << 10,
  image: 64 << 20,
  pdf: 64 << 20,
  audio: 256 << 20,
  video: 256 << 20,
  none: 0,
};
const MAX_ROWS = 200;
const MAX_COLUMNS = 30;

interface Looked {
  shape: Shape;
  type: string;
  bytes: Uint8Array<ArrayBuffer>;
  isWhole: boolean;
}

export function Preview({ matter, file }: { matter: string; file: { id: string; name: string; size_bytes: number } }) {
  const { t, size } = useWords();
  const looked = useQuery({
    queryKey: ["content", matter, file.id],
    queryFn: async ({ signal }): Promise<Looked> => {
      const head = await firstBytes(matter, file.id, file.size_bytes, HEAD, signal);
      const { shape, type } = shapeOf(file.name, head);
      const isPart = shape === "text" || shape === "json" || shape === "table";
      const most = MOST[shape];
      if (shape === "none" || (!isPart && file.size_bytes > most))
        return { shape, type, bytes: head, isWhole: head.length >= file.size_bytes };
      const bytes = file.size_bytes <= HEAD ? head : await firstBytes(matter, file.id, file.size_bytes, most, signal);
      return { shape, type, bytes, isWhole: bytes.length >= file.size_bytes };
    },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  });
  return (
    <Shown of={looked}>
      {(found) => {
        if (found.shape === "none") return <p className="quiet">{t("evidence.preview.none")}</p>;
        const isText = found.shape === "text" || found.shape === "json" || found.shape === "table";
        if (!found.isWhole && !isText)
          return <p className="quiet">{t("evidence.preview.too_large", { size: size(MOST[found.shape]) })}</p>;
        return (
          <div className="stack" style={{ gap: 8 }}>
            {!found.isWhole && (
              <Alert type="info" showIcon title={t("evidence.preview.part", { size: size(found.bytes.length) })} />
            )}
            <Content of={found} name={file.name} />
          </div>
        );
      }}
    </Shown>
  );
}

function Content({ of, name }: { of: Looked; name: string }) {
  switch (of.shape) {
    case "pdf":
      return (
        <Suspense fallback={<Loading />}>
          <PreviewPdf bytes={of.bytes} name={name} />
        </Suspense>
      );
    case "image":
    case "audio":
    case "video":
      return <Media of={of} name={name} />;
    case "table":
      return <TableOf text={textOf(of.bytes) ?? ""} name={name} />;
    default:
      return <TextOf text={textOf(of.bytes) ?? ""} isJson={of.shape === "json" && of.isWhole} />;
  }
}

function Media({ of, name }: { of: Looked; name: string }) {
  const { t } = useWords();
  const [url, setUrl] = useState<string>();
  const [isBad, setBad] = useState(false);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([of.bytes], { type: of.type }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [of]);
  if (!url) return <Loading />;
  if (isBad) return <p className="quiet">{t("evidence.preview.bad")}</p>;
  if (of.shape === "image") {
    return (
      <img
        className="preview-image"
        src={url}
        alt={t("evidence.preview.image", { name })}
        onError={() => setBad(true)}
      />
    );
  }
  const props = { src: url, controls: true, onError: () => setBad(true), className: "preview-media" };
  return of.shape === "audio" ? <audio {...props} aria-label={name} /> : <video {...props} aria-label={name} />;
}

function TextOf({ text, isJson }: { text: string; isJson: boolean }) {
  const { t } = useWords();
  const shown = useMemo(() => {
    if (isJson) {
      try {
        return JSON.stringify(JSON.parse(text), null, 2);
      } catch {
        // Lines of JSON, or broken: shown as it is.
      }
    }
    return text;
  }, [text, isJson]);
  return (
    // A long text is scrolled by keyboard too.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: as said
    <section className="preview-scroll" tabIndex={0} aria-label={t("evidence.preview.title")}>
      <pre className="preview-text">{visible(shown)}</pre>
    </section>
  );
}

function TableOf({ text, name }: { text: string; name: string }) {
  const { t } = useWords();
  const separator = /\.tsv$/i.test(name)
    ? "\t"
    : (text.split("\n", 1)[0] ?? "").includes(";") && !(text.split("\n", 1)[0] ?? "").includes(",")
      ? ";"
      : ",";
  const rows = rowsOf(text.replace(/^\ufeff/, ""), separator, MAX_ROWS + 1, MAX_COLUMNS);
  const [head = [], ...body] = rows;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keyboard too
    <section className="preview-table" tabIndex={0} aria-label={name}>
      <table>
        <thead>
          <tr>
            {head.map((cell, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns have no other name
              <th key={at} scope="col">
                {visible(cell)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.slice(0, MAX_ROWS).map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name
            <tr key={at}>
              {row.map((cell, place) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: cells have no other name
                <td key={place}>{visible(cell)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MAX_ROWS && <p className="quiet">{t("evidence.preview.rows", { count: MAX_ROWS })}</p>}
    </section>
  );
}
