// How loud a sound is along its time: what a waveform is drawn from.
//
// In:  the peaks that the server keeps, where it does; else the sound itself, decoded here.
import { useQuery } from "@tanstack/react-query";

export interface Peaks {
  /** From 0 to 1, evenly along the whole. */
  peaks: number[];
  seconds: number;
}

/** Fine enough for the widest screen. */
const MAX_PEAKS = 4_000;
/** Sound is decoded at this rate: a waveform shows loudness, no tones. */
const RATE_HZ = 8_000;

export const usePeaks = (matter: string, file: { id: string } | null, blob: Blob | undefined) =>
  useQuery({
    queryKey: ["peaks", matter, file?.id],
    enabled: file !== null && blob !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: async () => decoded(await (blob as Blob).arrayBuffer()),
  });

async function decoded(bytes: ArrayBuffer): Promise<Peaks> {
  const sound = await new OfflineAudioContext(1, 1, RATE_HZ).decodeAudioData(bytes);
  return { peaks: loudness(sound.getChannelData(0)), seconds: sound.duration };
}

/** The largest sample of each of as many stretches as are drawn. */
export function loudness(samples: Float32Array, count = MAX_PEAKS): number[] {
  const stretches = Math.min(count, samples.length);
  const peaks = new Array<number>(stretches).fill(0);
  for (let at = 0; at < samples.length; at += 1) {
    const place = Math.floor((at * stretches) / samples.length);
    const size = Math.abs(samples[at] ?? 0);
    if (size > (peaks[place] ?? 0)) peaks[place] = size;
  }
  return peaks;
}
