// What kind of thing somebody uploaded, told by its first bytes, and text in the usual encodings.
//
// Invariant: what is uploaded is never a page, a style or a script here; what is not in the list is not shown.

const SIGNATURES: [type: string, offset: number, sign: string][] = [
  ["image/png", 0, "\x89PNG"],
  ["image/jpeg", 0, "\xff\xd8\xff"],
  ["image/gif", 0, "GIF8"],
  ["image/webp", 8, "WEBP"],
  ["image/bmp", 0, "BM"],
  ["audio/wav", 8, "WAVE"],
  ["audio/flac", 0, "fLaC"],
  ["audio/ogg", 0, "OggS"],
  ["audio/mpeg", 0, "ID3"],
  ["video/webm", 0, "\x1a\x45\xdf\xa3"],
  ["video/mp4", 4, "ftyp"],
];

/** The type of a picture, a sound or a film by its first bytes; nothing for anything else. */
export function typeOf(start: Uint8Array, medium: "image" | "audio" | "video"): string | undefined {
  const text = String.fromCharCode(...start.subarray(0, 16));
  const found = SIGNATURES.find(([, offset, sign]) => text.startsWith(sign, offset))?.[0];
  if (!found)
    return medium === "audio" && start[0] === 0xff && ((start[1] ?? 0) & 0xe0) === 0xe0 ? "audio/mpeg" : undefined;
  const family = found.split("/")[0];
  if (family === medium) return found;
  // Boxes and streams of the same make hold sound alone as well as films.
  if (family === "video" && medium === "audio") return found.replace("video", "audio");
  return found === "audio/ogg" && medium === "video" ? "video/ogg" : undefined;
}

/** Text in the encodings that a comparison reads; a mark of the byte order is no part of it. */
export function textOf(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("gb18030").decode(bytes);
  }
}

/** Whether places count characters of the file as it is; in documents they count those of the text inside. */
export function isPlain(bytes: Uint8Array): boolean {
  const start = textOf(bytes.subarray(0, 4096)).trimStart();
  if (start.startsWith("%PDF-") || start.startsWith("PK")) return false;
  if (/^(<\?xml|<!doctype html|<html|<head|<body|\[script info\])/i.test(start)) return false;
  return !/^\d+\r?\n\d{2}:\d{2}:\d{2},\d{3} -->/.test(start);
}
