// A pasted table by its columns: which cell is what, by the names in its first row or by their order.
import { cellsOf } from "./typed";

export interface Column {
  key: string;
  /** The name shown, then others that people write. */
  names: string[];
}

export interface Pasted {
  rows: { place: number; cells: Record<string, string> }[];
  /** Names in the first row that no column has. */
  unknown: string[];
}

const plain = (text: string) => text.toLowerCase().replace(/[\s*＊：:（(][^)）]*[)）]?|[\s*＊：:]/g, "");

/** Reads a table; its first row names columns where at least two of its cells (or its only one) are such names. */
export function readTable(text: string, columns: Column[]): Pasted {
  const table = cellsOf(text);
  const first = table[0] ?? [];
  const known = first.map((cell) =>
    columns.find((column) => column.names.some((name) => plain(name) === plain(cell) && plain(cell) !== "")),
  );
  const found = known.filter(Boolean).length;
  const isNamed = found >= 2 || (found === 1 && first.length === 1);
  const keys = isNamed ? known.map((column) => column?.key) : columns.map((column) => column.key);
  const unknown = isNamed ? first.filter((cell, at) => cell !== "" && !known[at]) : [];
  const rows = table.slice(isNamed ? 1 : 0).map((cells, at) => {
    const named: Record<string, string> = {};
    cells.forEach((cell, place) => {
      const key = keys[place];
      if (key && cell) named[key] = cell;
    });
    return { place: at + (isNamed ? 2 : 1), cells: named };
  });
  return { rows, unknown };
}
