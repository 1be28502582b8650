// Uploaded files as the pages show them: a blob whose type is told by its bytes and stands in a list.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { send } from "~/api/client";
import { typeOf } from "./kinds";

/** More is fetched as a file and looked at elsewhere. */
export const MAX_SHOWN_BYTES = 512 * 1024 * 1024;
export const MAX_TEXT_BYTES = 32 * 1024 * 1024;

export const contentPath = (matter: string, file: string) => `/api/v1/matters/${matter}/files/${file}/content`;

export const useBytes = (matter: string, file: { id: string; size_bytes: number } | null, limit = MAX_SHOWN_BYTES) =>
  useQuery({
    queryKey: ["content", matter, file?.id],
    enabled: file !== null && file.size_bytes <= limit,
    // Files never change.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 120_000,
    queryFn: async ({ signal }) => {
      const url = new URL(contentPath(matter, file?.id ?? ""), window.location.origin);
      return (await send(url.href, { signal })).blob();
    },
  });

export interface Playable {
  url: string | undefined;
  blob: Blob | undefined;
  error: unknown;
  /** Whether it is of a kind that is not shown here. */
  isForeign: boolean;
  isTooLarge: boolean;
}

/** A file as an address that `<img>`, `<audio>` and `<video>` take. */
export function usePlayable(
  matter: string,
  file: { id: string; size_bytes: number } | null,
  medium: "image" | "audio" | "video",
): Playable {
  const { data, error } = useBytes(matter, file);
  const [made, setMade] = useState<{ url: string | undefined; of: Blob; typed: Blob | undefined }>();
  useEffect(() => {
    if (!data) return;
    let url: string | undefined;
    let isGone = false;
    void data
      .slice(0, 16)
      .arrayBuffer()
      .then((start) => {
        if (isGone) return;
        const type = typeOf(new Uint8Array(start), medium);
        const typed = type ? data.slice(0, data.size, type) : undefined;
        url = typed && URL.createObjectURL(typed);
        setMade({ url, of: data, typed });
      });
    return () => {
      isGone = true;
      if (url) URL.revokeObjectURL(url);
    };
  }, [data, medium]);
  const ours = made && made.of === data ? made : undefined;
  return {
    url: ours?.url,
    blob: ours?.typed,
    error,
    isForeign: ours !== undefined && ours.url === undefined,
    isTooLarge: file !== null && file.size_bytes > MAX_SHOWN_BYTES,
  };
}
