// Where files and folders are chosen or dropped; says at once what cannot be sent and why.
import { FolderOpenOutlined, InboxOutlined, PaperClipOutlined } from "@ant-design/icons";
import { Alert, Button } from "antd";
import { type DragEvent, type InputHTMLAttributes, useId, useRef, useState } from "react";
import { dropped, type Refused, sorted } from "~/api/chosen";
import { useWords } from "~/words/words";
import "./uploads.css";

const MAX_NAMED = 8;

export function FileDrop({
  onFiles,
  label,
  single,
  accept,
  disabled,
}: {
  onFiles: (files: File[]) => void;
  /** What is wanted, instead of the usual words. */
  label?: string;
  /** One file; `also-receipt`: one file, and beside it what it is compared with. */
  single?: boolean | "also-receipt";
  accept?: string;
  disabled?: boolean;
}) {
  const { t } = useWords();
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const [refused, setRefused] = useState<Refused[]>([]);
  const says = useId();

  const take = (chosen: readonly File[], also: Refused[] = []) => {
    const { good, refused: bad } = sorted(chosen);
    setRefused([...also, ...bad]);
    if (good.length > 0) onFiles(single === true ? good.slice(0, 1) : good);
  };
  const drop = async (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (disabled) return;
    const found = await dropped(event.dataTransfer);
    take(found.files, found.refused);
  };
  const chosen = (input: HTMLInputElement | null) => {
    if (!input) return;
    const list = Array.from(input.files ?? []);
    // Taken back at once, so that the same file can be chosen again.
    input.value = "";
    take(list);
  };

  return (
    <div className="stack">
      <section
        className={isOver ? "file-drop file-drop-over" : "file-drop"}
        aria-label={label ?? t("uploads.drop")}
        aria-describedby={says}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => void drop(event)}
      >
        <InboxOutlined className="file-drop-mark" aria-hidden="true" />
        <p id={says}>{label ?? t("uploads.drop")}</p>
        <div className="row">
          <Button
            icon={<PaperClipOutlined aria-hidden="true" />}
            disabled={disabled}
            onClick={() => files.current?.click()}
          >
            {t(single ? "uploads.choose_file" : "uploads.choose")}
          </Button>
          {!single && (
            <Button
              icon={<FolderOpenOutlined aria-hidden="true" />}
              disabled={disabled}
              onClick={() => folder.current?.click()}
            >
              {t("uploads.choose_folder")}
            </Button>
          )}
        </div>
        <input
          ref={files}
          type="file"
          hidden
          multiple={single !== true}
          accept={accept}
          aria-label={t(single ? "uploads.choose_file" : "uploads.choose")}
          onChange={(event) => chosen(event.target)}
        />
        {!single && (
          <input
            ref={folder}
            type="file"
            hidden
            multiple
            {...({ webkitdirectory: "" } as InputHTMLAttributes<HTMLInputElement>)}
            aria-label={t("uploads.choose_folder")}
            onChange={(event) => chosen(event.target)}
          />
        )}
      </section>
      {refused.length > 0 && (
        <Alert
          type="warning"
          showIcon
          closable={{ onClose: () => setRefused([]) }}
          role="alert"
          title={t("uploads.left_out", { count: refused.length })}
          description={
            <ul className="file-refused">
              {refused.slice(0, MAX_NAMED).map((one, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: two files of two folders may have one name
                <li key={at}>{t("uploads.left_out_file", { name: one.name, why: t(`uploads.refusal.${one.why}`) })}</li>
              ))}
              {refused.length > MAX_NAMED && <li>{t("uploads.and_more", { count: refused.length - MAX_NAMED })}</li>}
            </ul>
          }
        />
      )}
    </div>
  );
}
