// The bytes of a file of a matter: a part of them to look at, all of them to keep.
//
// Invariant: what was uploaded is hostile. It reaches the page as text, or as a blob whose type is one of a short list, told by its first bytes and
// never by its name alone; nothing of it is ever a page.
import { send } from "./client";
import { pathOf } from "./place";

const path = (matter: string, file: string) =>
  new URL(`/api/v1/${pathOf(matter)}/files/${file}/content`, window.location.origin).href;

/** The first bytes, at most so many. */
export async function firstBytes(
  matter: string,
  file: string,
  size_bytes: number,
  most: number,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  // An empty file has no first byte that could be asked for.
  if (size_bytes === 0) return new Uint8Array();
  const answer = await send(path(matter, file), {
    headers: size_bytes > most ? { Range: `bytes=0-${most - 1}` } : {},
    signal,
  });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return bytes.subarray(0, most);
}

/** Name and size of a file that is known by its id alone, from the head of its first byte. */
export async function headOf(matter: string, file: string): Promise<{ id: string; name: string; size_bytes: number }> {
  const answer = await send(path(matter, file), { headers: { Range: "bytes=0-0" } });
  await answer.body?.cancel();
  return { id: file, ...headIn(answer.headers, file) };
}

/** Exported for tests. */
export function headIn(headers: Headers, fallback: string): { name: string; size_bytes: number } {
  const size = Number(headers.get("content-range")?.split("/")[1] ?? headers.get("content-length") ?? Number.NaN);
  const named = /filename\*=UTF-8''([^;]+)/.exec(headers.get("content-disposition") ?? "")?.[1];
  let name = fallback;
  try {
    if (named) name = decodeURIComponent(named);
  } catch {
    // A name that cannot be read is no name.
  }
  return { name, size_bytes: Number.isSafeInteger(size) ? size : 0 };
}

/** Above this a file goes to the disk by the browser's own hand, where no purpose has to be stated. */
const BY_HAND = 64 << 20;

/** Hands a file to the person as a download. */
export async function download(matter: string, file: { id: string; name: string; size_bytes: number }): Promise<void> {
  const needsHeaders = window.sessionStorage.getItem(`quanlian.purpose.${matter}`) !== null;
  if (file.size_bytes > BY_HAND && !needsHeaders) return saveAs(path(matter, file.id), file.name);
  const answer = await send(path(matter, file.id));
  const url = URL.createObjectURL(new Blob([await answer.blob()], { type: "application/octet-stream" }));
  saveAs(url, file.name);
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function saveAs(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

export type Shape = "image" | "audio" | "video" | "pdf" | "table" | "json" | "text" | "none";

const starts = (bytes: Uint8Array, at: number, wanted: string) =>
  [...wanted].every((sign, place) => bytes[at + place] === sign.charCodeAt(0));

/** What a file is shown as: by its first bytes, for tables and JSON by its name too. */
export function shapeOf(name: string, first: Uint8Array): { shape: Shape; type: string } {
  const b = (at: number) => first[at] ?? -1;
  const is = (shape: Shape, type = "") => ({ shape, type });
  if (starts(first, 0, "\x89PNG\r\n\x1a\n")) return is("image", "image/png");
  if (b(0) === 0xff && b(1) === 0xd8 && b(2) === 0xff) return is("image", "image/jpeg");
  if (starts(first, 0, "GIF87a") || starts(first, 0, "GIF89a")) return is("image", "image/gif");
  if (starts(first, 0, "RIFF") && starts(first, 8, "WEBP")) return is("image", "image/webp");
  if (starts(first, 0, "BM") && b(14) >= 12 && b(15) === 0) return is("image", "image/bmp");
  if (starts(first, 0, "%PDF-")) return is("pdf");
  if (starts(first, 0, "RIFF") && starts(first, 8, "WAVE")) return is("audio", "audio/wav");
  if (starts(first, 0, "fLaC")) return is("audio", "audio/flac");
  if (starts(first, 0, "ID3") || (b(0) === 0xff && (b(1) & 0xe6) === 0xe2)) return is("audio", "audio/mpeg");
  if (b(0) === 0xff && (b(1) & 0xf6) === 0xf0) return is("audio", "audio/aac");
  if (starts(first, 0, "OggS")) return /\.og[vx]$/i.test(name) ? is("video", "video/ogg") : is("audio", "audio/ogg");
  if (starts(first, 4, "ftyp"))
    return starts(first, 8, "M4A") || /\.(m4a|m4b|aac)$/i.test(name)
      ? is("audio", "audio/mp4")
      : is("video", "video/mp4");
  if (b(0) === 0x1a && b(1) === 0x45 && b(2) === 0xdf && b(3) === 0xa3)
    return /\.(weba|mka)$/i.test(name) ? is("audio", "audio/webm") : is("video", "video/webm");
  const text = textOf(first);
  if (text === undefined) return is("none");
  if (/\.(csv|tsv)$/i.test(name)) return is("table");
  if (/\.(json|jsonl|ndjson|sarif)$/i.test(name)) return is("json");
  return is("text");
}

/** Bytes as text: UTF-8, or GB 18030 as older programs write; nothing where they are no text. */
export function textOf(bytes: Uint8Array): string | undefined {
  const marked =
    bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "";
  if (marked) return new TextDecoder(marked).decode(bytes);
  if (bytes.includes(0)) return undefined;
  for (const encoding of ["utf-8", "gb18030"]) {
    // A part of a file may end within a sign.
    for (let cut = 0; cut < 4 && cut <= bytes.length; cut += 1) {
      try {
        return new TextDecoder(encoding, { fatal: true }).decode(bytes.subarray(0, bytes.length - cut));
      } catch {
        // Not this encoding, or cut one byte earlier.
      }
    }
  }
  return undefined;
}

/** Rows of a table as text (RFC 4180), bounded. */
export function rowsOf(text: string, separator: string, mostRows: number, mostColumns: number): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let isQuoted = false;
  const endCell = () => {
    if (row.length < mostColumns) row.push(cell);
    cell = "";
  };
  for (let at = 0; at < text.length && rows.length < mostRows; at += 1) {
    const sign = text[at];
    if (isQuoted) {
      if (sign !== '"') cell += sign;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else isQuoted = false;
    } else if (sign === '"' && cell === "") isQuoted = true;
    else if (sign === separator) endCell();
    else if (sign === "\n" || sign === "\r") {
      if (sign === "\r" && text[at + 1] === "\n") at += 1;
      endCell();
      if (row.some((one) => one !== "")) rows.push(row);
      row = [];
    } else cell += sign;
  }
  endCell();
  if (row.some((one) => one !== "") && rows.length < mostRows) rows.push(row);
  return rows;
}

/** Signs that hide, reorder or command, made visible. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/gu, (sign) =>
    sign === "\n" || sign === "\t"
      ? sign
      : sign === "\r"
        ? ""
        : `[U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`,
  );
}
