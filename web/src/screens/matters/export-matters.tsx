// What is filtered, whole, as a file: pages that were not shown yet are gathered first.
import { App, Modal, Progress } from "antd";
import { useRef, useState } from "react";
import type { Gathered } from "~/api/every-page";
import type { MatterRow } from "~/api/shapes";
import { ExportButton } from "~/parts/export-button";
import type { Sheet } from "~/parts/sheet";
import { today } from "~/words/format";
import { useWords } from "~/words/words";
import type { MatterColumn } from "./columns";
import { address, type Filter } from "./filter";
import { MAX_EXPORT } from "./use-list";

interface Props {
  columns: MatterColumn[];
  filter: Filter;
  gather: (signal: AbortSignal, onProgress: (count: number) => void) => Promise<Gathered<MatterRow>>;
}

export function ExportMatters({ columns, filter, gather }: Props) {
  const { t, number } = useWords();
  const { modal } = App.useApp();
  const [done, setDone] = useState<number>();
  const stop = useRef<AbortController>(undefined);

  const sheet = async (): Promise<Sheet | undefined> => {
    const control = new AbortController();
    stop.current = control;
    setDone(0);
    try {
      const { rows, isCut } = await gather(control.signal, setDone);
      if (isCut) modal.warning({ title: t("matters.export_cut", { count: number(MAX_EXPORT) }) });
      const asked = address(filter);
      return {
        name: `${t("frame.nav.matters")}-${today()}`,
        head: columns.map((column) => (column.key === "amount" ? t("matters.amount_yuan") : column.title)),
        rows: rows.map((row) => columns.map((column) => column.cell(row))),
        about: [
          [t("sheet.filter"), asked || t("frame.all")],
          [t("matters.saved.link"), `${window.location.origin}/matters${asked ? `?${asked}` : ""}`],
        ],
      };
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return undefined;
      throw error;
    } finally {
      setDone(undefined);
    }
  };

  return (
    <>
      <ExportButton sheet={sheet} />
      <Modal
        open={done !== undefined}
        title={t("matters.export_gathers")}
        okButtonProps={{ hidden: true }}
        cancelText={t("frame.cancel")}
        closable={false}
        mask={{ closable: false }}
        onCancel={() => stop.current?.abort()}
      >
        <p>{t("matters.export_has", { count: number(done ?? 0) })}</p>
        <Progress percent={100} status="active" showInfo={false} aria-label={t("matters.export_gathers")} />
      </Modal>
    </>
  );
}
