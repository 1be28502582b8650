// Aligns off the page, so that long texts hold nothing up.
import { align, byChars, byLines } from "./align";

export interface Question {
  id: number;
  left: string;
  right: string;
  unit: string;
  segments: { suspect: number[]; work: number[] }[];
}

self.onmessage = ({ data }: MessageEvent<Question>) => {
  const cut = data.unit === "line" ? byLines : byChars;
  const segments = data.segments.map(({ suspect, work }) => {
    const left = cut(data.left, [suspect[0] ?? 0, suspect[1] ?? 0]);
    const right = cut(data.right, [work[0] ?? 0, work[1] ?? 0]);
    return align(left.text, right.text, left.line, right.line);
  });
  self.postMessage({ id: data.id, segments });
};
