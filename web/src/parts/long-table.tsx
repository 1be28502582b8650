// A table of many thousand rows: a real table in a box that scrolls by itself, of which only what is in sight is in the page.
//
// Not the library's virtual table: that one scrolls by script (no keyboard, no page keys) and is no table to a screen reader. Here the browser
// scrolls, and rows are exchanged in groups, so that most frames of a scroll do nothing in script.
//
// Invariants: all rows have one height; what is printed is every row that is loaded.
import { Spin } from "antd";
import {
  type KeyboardEvent,
  memo,
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { flushSync } from "react-dom";
import { useLargeType } from "~/app/theme";
import { useWords } from "~/words/words";
import "./long-table.css";

export interface LongColumn<R> {
  key: string;
  title: string;
  width: number;
  align?: "right";
  /** The word by which the server sorts it. */
  sort?: string;
  render: (row: R) => ReactNode;
}

export interface Sorted {
  by: string;
  direction: "ascending" | "descending";
}

interface Props<R extends { id: string }> {
  label: string;
  rows: R[];
  columns: LongColumn<R>[];
  /** How many there are, loaded or not. */
  count?: number;
  sorted?: Sorted;
  onSort?: (by: string) => void;
  onNearEnd?: () => void;
  isLoading?: boolean;
  empty: ReactNode;
}

/** Rows are exchanged in groups of so many, */
const GROUP = 12;
/** and so many more than are in sight stand above and below. */
const SPARE = 24;
const NEAR_END = 80;

const Row = memo(function Row<R extends { id: string }>({
  row,
  columns,
  at,
  height,
}: {
  row: R;
  columns: LongColumn<R>[];
  at: number;
  height: number;
}) {
  return (
    <tr aria-rowindex={at + 2} style={{ height }} data-row={at}>
      {columns.map((column) => (
        <td key={column.key} className={column.align === "right" ? "long-right" : undefined}>
          {column.render(row)}
        </td>
      ))}
    </tr>
  );
}) as <R extends { id: string }>(props: { row: R; columns: LongColumn<R>[]; at: number; height: number }) => ReactNode;

export function LongTable<R extends { id: string }>(props: Props<R>) {
  const { label, rows, columns, count, sorted, onSort, onNearEnd, isLoading, empty } = props;
  const { t } = useWords();
  const height = useLargeType() ? 54 : 44;
  const box = useRef<HTMLDivElement>(null);
  const [first, setFirst] = useState(0);
  const [seen, setSeen] = useState(40);
  const [isPrinted, setPrinted] = useState(false);

  const look = useCallback(() => {
    const at = box.current;
    if (!at) return;
    const top = Math.max(0, Math.floor(at.scrollTop / height) - SPARE);
    setFirst(top - (top % GROUP));
    if (at.scrollTop + at.clientHeight > (rows.length - NEAR_END) * height) onNearEnd?.();
  }, [height, rows.length, onNearEnd]);

  useLayoutEffect(look, [look]);
  useEffect(() => {
    const at = box.current;
    if (!at) return;
    const watch = new ResizeObserver(() => setSeen(Math.ceil(at.clientHeight / height) + 1));
    watch.observe(at);
    return () => watch.disconnect();
  }, [height]);
  useEffect(() => {
    const before = () => flushSync(() => setPrinted(true));
    const after = () => setPrinted(false);
    window.addEventListener("beforeprint", before);
    window.addEventListener("afterprint", after);
    return () => {
      window.removeEventListener("beforeprint", before);
      window.removeEventListener("afterprint", after);
    };
  }, []);

  const from = isPrinted ? 0 : Math.min(first, Math.max(0, rows.length - seen - SPARE));
  const until = isPrinted ? rows.length : Math.min(rows.length, from + seen + 2 * SPARE + GROUP);

  // Up and down go from what opens one row to that of the next.
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = (event.target as HTMLElement).closest?.("tr[data-row]");
    if (!step || !row || !box.current) return;
    event.preventDefault();
    const next = Number(row.getAttribute("data-row")) + step;
    box.current.querySelector<HTMLElement>(`tr[data-row="${next}"] :is(a, button)`)?.focus();
  };

  const width = columns.reduce((sum, column) => sum + column.width, 0);
  return (
    <section
      ref={box}
      className="long-box"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard.
      tabIndex={0}
      onScroll={look}
      onKeyDown={move}
    >
      <table className="long-table" aria-rowcount={(count ?? rows.length) + 1} style={{ minWidth: width }}>
        <caption className="hidden-text">{label}</caption>
        <colgroup>
          {columns.map((column) => (
            <col key={column.key} style={{ width: column.width }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <Head key={column.key} column={column} sorted={sorted} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {from > 0 && <tr className="long-gap" style={{ height: from * height }} />}
          {rows.slice(from, until).map((row, place) => (
            <Row key={row.id} row={row} columns={columns} at={from + place} height={height} />
          ))}
          {until < rows.length && <tr className="long-gap" style={{ height: (rows.length - until) * height }} />}
        </tbody>
      </table>
      {rows.length === 0 && !isLoading && <div className="long-empty">{empty}</div>}
      {isLoading && (
        <div className="long-loading" role="status">
          <Spin size="small" /> {t("sheet.loading_rows")}
        </div>
      )}
    </section>
  );
}

function Head<R>({
  column,
  sorted,
  onSort,
}: {
  column: LongColumn<R>;
  sorted: Sorted | undefined;
  onSort: ((by: string) => void) | undefined;
}) {
  const isSorted = column.sort !== undefined && sorted?.by === column.sort;
  const sort = column.sort;
  return (
    <th
      scope="col"
      className={column.align === "right" ? "long-right" : undefined}
      aria-sort={isSorted ? sorted?.direction : undefined}
    >
      {sort && onSort ? (
        <button type="button" className="long-sort" onClick={() => onSort(sort)}>
          {column.title}
          <span aria-hidden="true">{isSorted ? (sorted?.direction === "ascending" ? " ▲" : " ▼") : " ↕"}</span>
        </button>
      ) : (
        column.title
      )}
    </th>
  );
}
