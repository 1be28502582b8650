// Many rows at once from Excel or Word: read, checked, shown with what is wrong, sent in pieces that the server takes.
//
// Invariant: rows with a problem stay in the box; rows that were entered leave it, so that none is entered twice.
import { Alert, App, Button, Checkbox, Form, Input, Modal, Table } from "antd";
import { type ReactNode, useDeferredValue, useMemo, useState } from "react";
import type { Matter } from "~/api/shapes";
import { useDraft } from "~/parts/draft";
import { useWords } from "~/words/words";
import { type Column, readTable } from "./paste";
import { useRefusalWords } from "./refused";
import { pieces, type Step, useSteps } from "./steps";
import { cellsOf } from "./typed";

const MOST_ROWS = 10_000;
const LONG = 20_000;

export interface Checked {
  step?: Step;
  faults: string[];
  /** What the preview shows of it. */
  shown: string[];
}

interface Props {
  matter: Matter;
  draft: string;
  columns: Column[];
  /** Heads of what `shown` holds. */
  heads: string[];
  check: (cells: Record<string, string>) => Checked;
  /** What all rows have in common. */
  common?: ReactNode;
  onClose: () => void;
}

export function PasteDialog({ matter, draft, columns, heads, check, common, onClose }: Props) {
  const { t } = useWords();
  const { message } = App.useApp();
  const say = useRefusalWords();
  const [text, setText, dropText] = useDraft(`${matter.id}.${draft}.paste`, "");
  const [onlyBad, setOnlyBad] = useState(false);
  // What the server said against a row, by what the row holds.
  const [told, setTold] = useState<ReadonlyMap<string, string[]>>(new Map());
  const [done, setDone] = useState<{ count: number; total: number }>();
  const [busy, setBusy] = useState(false);
  const sending = useSteps(matter);
  const read = useDeferredValue(text);
  const { rows, unknown } = useMemo(() => readTable(read, columns), [read, columns]);
  const checked = useMemo(
    () => (rows.length > MOST_ROWS ? [] : rows.map((row) => ({ ...row, ...check(row.cells) }))),
    [rows, check],
  );
  const all = checked.map((row) => ({ ...row, faults: [...row.faults, ...(told.get(keyOf(row)) ?? [])] }));
  const good = all.filter((row) => row.step && row.faults.length === 0);
  const bad = all.filter((row) => !row.step || row.faults.length > 0);

  const put = (typed: string) => {
    sending.clear();
    setDone(undefined);
    setText(typed);
  };
  const send = async () => {
    setBusy(true);
    const entered = new Set<number>();
    const refused = new Map(told);
    const queue = pieces(good);
    for (let piece = queue.shift(); piece; piece = queue.shift()) {
      if (await sending.send(piece.map((row) => row.step as Step))) {
        for (const row of piece) entered.add(row.place);
        setDone({ count: entered.size, total: good.length });
        continue;
      }
      const against = sending.latest.current;
      // Not refused but not done: no network, another version. What is left stays in the box.
      if (against.length === 0) break;
      for (const one of against) {
        const row = piece[one.step];
        if (row) refused.set(keyOf(row), [...(refused.get(keyOf(row)) ?? []), say(one)]);
      }
      const rest = piece.filter((row) => !refused.has(keyOf(row)));
      if (rest.length > 0 && rest.length < piece.length) queue.unshift(rest);
    }
    setTold(refused);
    setBusy(false);
    // What was entered leaves the box.
    const left = cellsOf(text).filter((_, at) => !entered.has(at + 1));
    if (left.length === 0 || (left.length === 1 && rows[0]?.place === 2)) {
      setText("");
      dropText();
      if (entered.size > 0) {
        void message.success(t("ledger.paste.done", { count: entered.size }));
        onClose();
      }
    } else if (entered.size > 0) setText(left.map((cells) => cells.map(quoted).join("\t")).join("\n"));
  };

  const shown = onlyBad ? bad : all;
  return (
    <Modal
      open
      width={1080}
      title={t("ledger.paste.title")}
      onCancel={onClose}
      mask={{ closable: false }}
      footer={
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button onClick={onClose}>{t("frame.close")}</Button>
          <Button type="primary" disabled={good.length === 0} loading={busy} onClick={() => void send()}>
            {t("ledger.paste.send", { count: good.length })}
          </Button>
        </div>
      }
    >
      <Form layout="vertical">
        <Form.Item
          label={t("ledger.paste.label")}
          htmlFor="pasted"
          extra={t("ledger.paste.hint", { columns: columns.map((column) => column.names[0]).join("、") })}
        >
          <Input.TextArea
            id="pasted"
            autoFocus
            rows={6}
            wrap="off"
            value={text}
            spellCheck={false}
            onPaste={(event) => {
              const pasted = event.clipboardData.getData("text/plain");
              if (pasted.length < LONG) return;
              // Browsers take minutes to put thousands of lines into a field by hand; a value is set at once.
              event.preventDefault();
              const { selectionStart, selectionEnd } = event.currentTarget;
              put(text.slice(0, selectionStart) + pasted + text.slice(selectionEnd));
            }}
            onChange={(event) => put(event.target.value)}
          />
        </Form.Item>
        {common && (
          <fieldset className="tab-common">
            <legend>{t("ledger.paste.common")}</legend>
            {common}
          </fieldset>
        )}
      </Form>
      <output>
        {unknown.length > 0 && (
          <Alert type="warning" title={t("ledger.paste.unknown_column", { columns: unknown.join("、") })} />
        )}
        {rows.length > MOST_ROWS && <Alert type="error" title={t("ledger.paste.too_many", { count: MOST_ROWS })} />}
        {done && <Alert type="info" title={t("ledger.paste.progress", done)} />}
        {sending.failure && sending.against.length === 0 && <Alert type="error" title={sending.failure} role="alert" />}
      </output>
      {all.length > 0 && (
        <>
          <div className="row" style={{ justifyContent: "space-between", margin: "8px 0" }}>
            <strong>{t("ledger.paste.preview", { count: all.length, bad: bad.length })}</strong>
            <Checkbox checked={onlyBad} onChange={(event) => setOnlyBad(event.target.checked)}>
              {t("ledger.paste.only_bad")}
            </Checkbox>
          </div>
          {bad.length > 0 && <p className="quiet">{t("ledger.paste.skip", { count: bad.length })}</p>}
          <Table
            size="small"
            rowKey="place"
            dataSource={shown}
            scroll={{ x: "max-content", y: 320 }}
            pagination={{ pageSize: 100, showSizeChanger: false, hideOnSinglePage: true }}
            rowClassName={(row) => (row.faults.length > 0 ? "tab-bad-row" : "")}
            columns={[
              { title: t("ledger.paste.row"), dataIndex: "place", width: 64 },
              {
                title: t("ledger.paste.state"),
                width: 240,
                render: (_, row) =>
                  row.faults.length > 0 ? (
                    <span className="tab-bad">✗ {row.faults.join("；")}</span>
                  ) : (
                    <span className="tab-good">✓ {t("ledger.paste.good")}</span>
                  ),
              },
              ...heads.map((head, at) => ({
                title: head,
                key: head,
                render: (_: unknown, row: Checked) => row.shown[at],
              })),
            ]}
          />
        </>
      )}
    </Modal>
  );
}

/** A cell as a table holds it that is pasted again. */
function quoted(cell: string): string {
  return /[\t\n"]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function keyOf(row: { cells: Record<string, string> }): string {
  return JSON.stringify(row.cells);
}
