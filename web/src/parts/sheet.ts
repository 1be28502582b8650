// Tables as files: CSV and XLSX, made in the browser from what is shown.
//
// In:  a head, rows of texts and numbers, what the table is about.
// Out: bytes that spreadsheets open.
//
// Invariants: no cell is computed by whoever opens it: in CSV a text that a spreadsheet would take for a formula is marked as a text, in XLSX texts
// are texts. Numbers are numbers. What XML cannot hold is left out.

export type Cell = string | number | null | undefined;

export interface Sheet {
  /** Of the file, without its ending. */
  name: string;
  head: string[];
  rows: Cell[][];
  /** What it is about: filter, who, when; a sheet of its own in XLSX. */
  about?: [string, string][];
  aboutName?: string;
}

/** What a cell of a spreadsheet holds at most. */
const MAX_CELL_SIGNS = 32_767;
const FORMULA = /^[=+\-@\t\r＝＋－＠]/;

function csvCell(cell: Cell): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "number") return Number.isFinite(cell) ? `${cell}` : "";
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

/** RFC 4180, with the mark by which spreadsheets take it for UTF-8. */
export function csv({ head, rows }: Pick<Sheet, "head" | "rows">): string {
  return `\ufeff${[head, ...rows].map((row) => `${row.map(csvCell).join(",")}\r\n`).join("")}`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 does not admit.
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export function xml(text: string): string {
  return text
    .replace(LONE, "\ufffd")
    .replace(NOT_XML, "")
    .replace(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign);
}

/** `A`, `Z`, `AA`: a column by its place. */
export function columnName(place: number): string {
  let name = "";
  for (let left = place + 1; left > 0; left = Math.floor((left - 1) / 26)) {
    name = String.fromCharCode(65 + ((left - 1) % 26)) + name;
  }
  return name;
}

function xlsxCell(cell: Cell, at: string, style: 0 | 1): string {
  if (cell === null || cell === undefined || cell === "") return "";
  if (typeof cell === "number") return Number.isFinite(cell) ? `<c r="${at}"><v>${cell}</v></c>` : "";
  const text = xml(cell.slice(0, MAX_CELL_SIGNS));
  return `<c r="${at}" t="inlineStr"${style ? ' s="1"' : ""}><is><t xml:space="preserve">${text}</t></is></c>`;
}

/** Signs are wide or narrow; a column is as wide as its widest cell among the first rows, within bounds. */
function widths(rows: Cell[][]): number[] {
  const found: number[] = [];
  for (const row of rows.slice(0, 200)) {
    row.forEach((cell, place) => {
      let wide = 0;
      for (const sign of `${cell ?? ""}`.slice(0, 60)) wide += sign > "\u2e7f" ? 2.1 : 1.1;
      found[place] = Math.min(60, Math.max(found[place] ?? 8, wide + 2));
    });
  }
  return found;
}

function sheetXml(rows: Cell[][]): string {
  const cols = widths(rows)
    .map((wide, place) => `<col min="${place + 1}" max="${place + 1}" width="${wide.toFixed(1)}" customWidth="1"/>`)
    .join("");
  const lines = rows.map((row, line) => {
    const cells = row.map((cell, place) => xlsxCell(cell, `${columnName(place)}${line + 1}`, line === 0 ? 1 : 0));
    return `<row r="${line + 1}">${cells.join("")}</row>`;
  });
  return (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' +
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">' +
    '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>' +
    `${cols ? `<cols>${cols}</cols>` : ""}<sheetData>${lines.join("")}</sheetData></worksheet>`
  );
}

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
const KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml";
const STYLES =
  `${HEAD}<styleSheet xmlns="${MAIN}"><fonts count="2"><font><sz val="11"/><name val="SimSun"/></font><font><b/><sz val="11"/><name val="SimSun"/></font></fonts>` +
  '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders>' +
  '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf fontId="0"/><xf fontId="1" applyFont="1"/></cellXfs></styleSheet>';

/** A name that a sheet may have. */
export function sheetName(name: string): string {
  return (
    name
      .replace(/[[\]:*?/\\']/g, " ")
      .trim()
      .slice(0, 31) || "1"
  );
}

/** The smallest workbook that spreadsheets open: texts in place, one bold head, kept in sight. */
export async function xlsx({ name, head, rows, about, aboutName }: Sheet): Promise<Uint8Array<ArrayBuffer>> {
  const { zipSync, strToU8 } = await import("fflate");
  const sheets = [{ name: sheetName(name), rows: [head, ...rows] }];
  if (about?.length) sheets.push({ name: sheetName(aboutName ?? "about"), rows: about });
  const parts: Record<string, string> = {
    "[Content_Types].xml":
      `${HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
      `<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${KIND}.sheet.main+xml"/>` +
      sheets
        .map((_, at) => `<Override PartName="/xl/worksheets/sheet${at + 1}.xml" ContentType="${KIND}.worksheet+xml"/>`)
        .join("") +
      `<Override PartName="/xl/styles.xml" ContentType="${KIND}.styles+xml"/></Types>`,
    "_rels/.rels": `${HEAD}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    "xl/workbook.xml":
      `${HEAD}<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets>` +
      sheets.map((one, at) => `<sheet name="${xml(one.name)}" sheetId="${at + 1}" r:id="rId${at + 1}"/>`).join("") +
      "</sheets></workbook>",
    "xl/_rels/workbook.xml.rels":
      `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">` +
      sheets
        .map(
          (_, at) =>
            `<Relationship Id="rId${at + 1}" Type="${RELATIONS}/worksheet" Target="worksheets/sheet${at + 1}.xml"/>`,
        )
        .join("") +
      `<Relationship Id="rId${sheets.length + 1}" Type="${RELATIONS}/styles" Target="styles.xml"/></Relationships>`,
    "xl/styles.xml": STYLES,
  };
  sheets.forEach((one, at) => {
    parts[`xl/worksheets/sheet${at + 1}.xml`] = sheetXml(one.rows);
  });
  // Packed here and not in a worker made from a blob, which the policy of the pages does not admit.
  return zipSync(Object.fromEntries(Object.entries(parts).map(([path, text]) => [path, strToU8(text)])), {
    level: 6,
    mtime: new Date("2000-01-01T00:00:00"),
  });
}

/** Hands bytes or text to the person as a file. */
export function download(name: string, content: BlobPart, type: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name.replace(/[\\/:*?"<>|\r\n\t]/g, "-").slice(0, 150);
  link.click();
  // Some shells of old browsers read it a while after the click.
  window.setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

export async function saveSheet(sheet: Sheet, as: "csv" | "xlsx"): Promise<void> {
  if (as === "csv") download(`${sheet.name}.csv`, csv(sheet), "text/csv;charset=utf-8");
  else download(`${sheet.name}.xlsx`, await xlsx(sheet), `${KIND}.sheet`);
}
