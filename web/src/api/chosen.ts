// Files as somebody chooses or drops them, before anything is sent: which of them can be sent, and as what.
//
// Invariant: what is left out is named with its reason; nothing is left out silently.

/** Most files of one choice; a larger one is a mistake, such as a whole disk. */
export const MAX_FILES = 5_000;
const MAX_DEPTH = 32;
/** What somebody can bring; reports, papers and bundles are made by work in the matter. */
export const KINDS = ["evidence", "suspect", "work", "side_file"] as const;
export type Kind = (typeof KINDS)[number];

export type Refusal = "empty" | "unfinished" | "shortcut" | "litter" | "too_many" | "too_deep" | "unreadable" | "twice";
export interface Refused {
  name: string;
  why: Refusal;
}

const UNFINISHED = /\.(crdownload|part|partial|download|tmp|opdownload|td|xltd)$/i;
const SHORTCUT = /\.(lnk|url|webloc|desktop)$/i;
const LITTER = /^(\.ds_store|thumbs\.db|desktop\.ini|\._.*|~\$.*|__macosx)$/i;
const SIDE = /\.(info\.json|csv|tsv)$/i;

/** What was said about a file (播放量, 收益) is a side file; anything else is what the choice says. */
export function kindOf(name: string, usual: Kind): Kind {
  return usual !== "evidence" && SIDE.test(name) ? "side_file" : usual;
}

/** Why a file is not sent, where there is a reason. */
export function refusalOf(file: { name: string; size: number }): Refusal | undefined {
  if (LITTER.test(file.name)) return "litter";
  if (UNFINISHED.test(file.name)) return "unfinished";
  if (SHORTCUT.test(file.name)) return "shortcut";
  return file.size === 0 ? "empty" : undefined;
}

export function sorted(files: readonly File[]): { good: File[]; refused: Refused[] } {
  const good: File[] = [];
  const refused: Refused[] = [];
  const seen = new Set<string>();
  for (const file of files) {
    const sameAs = `${file.webkitRelativePath}/${file.name}/${file.size}/${file.lastModified}`;
    const why =
      refusalOf(file) ?? (seen.has(sameAs) ? "twice" : good.length >= MAX_FILES ? ("too_many" as const) : undefined);
    if (why) refused.push({ name: file.name, why });
    else good.push(file);
    seen.add(sameAs);
  }
  return { good, refused };
}

interface Found {
  files: File[];
  refused: Refused[];
}

/** All files of what was dropped, folders with what lies in them. */
export async function dropped(data: DataTransfer): Promise<Found> {
  // The list is emptied as soon as this task ends, so entries are taken before anything is waited for.
  const entries = Array.from(data.items).map((item) => (item.kind === "file" ? item.webkitGetAsEntry() : null));
  const found: Found = { files: [], refused: [] };
  if (entries.every((entry) => entry === null)) return { files: Array.from(data.files), refused: [] };
  for (const entry of entries) if (entry) await walk(entry, 0, found);
  return found;
}

async function walk(entry: FileSystemEntry, depth: number, found: Found): Promise<void> {
  if (found.files.length > MAX_FILES) return;
  if (depth > MAX_DEPTH) {
    found.refused.push({ name: entry.name, why: "too_deep" });
    return;
  }
  try {
    if (entry.isFile) {
      found.files.push(
        await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)),
      );
      return;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      // A browser gives a hundred entries at a time, and none when there are no more.
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) return;
      for (const one of some) await walk(one, depth + 1, found);
    }
  } catch {
    found.refused.push({ name: entry.name, why: "unreadable" });
  }
}
