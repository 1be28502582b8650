// One file: its digests, whether they are those that somebody gives, and in which matters of the reader it lies.
import { Alert, Button, Card, Descriptions, Typography } from "antd";
import { useEffect, useRef, useState } from "react";
import { Link } from "react-router";
import { json } from "~/api/client";
import { explain } from "~/api/problem";
import { type MatterPage, mattersPath } from "~/api/queries";
import type { FileView, MatterRow } from "~/api/shapes";
import type { Digests } from "~/digest/digest";
import { readGiven } from "~/verify/receipt";
import { useWords } from "~/words/words";
import { Answer } from "./bundle-answers";

const MATTERS = 50;

export function FileAnswers({ file, digests, given }: { file: File; digests: Digests; given: string }) {
  const { t, size } = useWords();
  const code = (text: string) => (
    <Typography.Text code copyable={{ text, tooltips: [t("evidence.copy"), t("evidence.copied")] }}>
      {text}
    </Typography.Text>
  );
  return (
    <>
      <Card size="small" title={t("verify.file.title")}>
        <Descriptions
          size="small"
          column={1}
          items={[
            { key: "name", label: t("evidence.name"), children: file.name },
            { key: "size", label: t("evidence.size"), children: size(file.size) },
            { key: "sha256", label: "SHA-256", children: code(digests.sha256) },
            { key: "sm3", label: "SM3", children: code(digests.sm3 ?? "") },
          ]}
        />
      </Card>
      <Compared digests={digests} given={given} />
      <Mine key={digests.sha256} sha256={digests.sha256} />
    </>
  );
}

function Compared({ digests, given }: { digests: Digests; given: string }) {
  const { t, instant } = useWords();
  const read = readGiven(given);
  const has = (digest: string, algorithm: string) =>
    (algorithm !== "sm3" && digest === digests.sha256) || (algorithm !== "sha256" && digest === digests.sm3);
  const receipt = read?.receipt;
  return (
    <Card size="small" title={t("verify.file.compared")}>
      <div className="stack" role="status" style={{ gap: 8 }}>
        {given.trim() === "" && <span className="quiet">{t("verify.file.nothing")}</span>}
        {given.trim() !== "" && !read && <Alert type="warning" showIcon title={t("verify.file.unread")} />}
        {read?.digests.map(({ algorithm, digest }) => {
          const isSame = has(digest, algorithm);
          return (
            <div key={algorithm + digest} className="verify-text">
              <Answer of={isSame ? "ok" : "failed"} /> {t("verify.file.digest", { what: digest })}
            </div>
          );
        })}
        {receipt && (
          <>
            <div>{t("verify.file.receipt", { index: receipt.index, at: instant(receipt.at) })}</div>
            <div>
              <Answer of={receipt.fault ? "failed" : "ok"} />{" "}
              {receipt.fault
                ? t("verify.file.receipt_broken", {
                    why: t(receipt.fault.said, receipt.fault.values),
                  })
                : t("verify.file.receipt_inside")}
            </div>
            <div>
              <Answer of="not_checked" /> {t("verify.file.receipt_open")}
            </div>
          </>
        )}
      </div>
    </Card>
  );
}

/** Where the file lies among the matters of the reader: looked for when asked, because each look is written down. */
function Mine({ sha256 }: { sha256: string }) {
  const { t } = useWords();
  const [looked, setLooked] = useState<{ done: number; all: number }>();
  const [found, setFound] = useState<{ matter: MatterRow; file: FileView }[]>([]);
  const [error, setError] = useState<unknown>();
  const stop = useRef(new AbortController());
  useEffect(() => {
    const own = new AbortController();
    stop.current = own;
    return () => own.abort();
  }, []);

  const look = async () => {
    const { signal } = stop.current;
    setError(undefined);
    setFound([]);
    try {
      const page = await json<MatterPage>(mattersPath({ limit: MATTERS }), { signal });
      for (const [at, matter] of page.matters.entries()) {
        setLooked({ done: at, all: page.matters.length });
        // Of a matter whose clocks alone are shown no file is.
        if (matter.title === undefined) continue;
        const { files } = await json<{ files: FileView[] }>(`/api/v1/matters/${matter.id}/files?limit=1000`, {
          signal,
        });
        const own = files.filter((one) => one.sha256 === sha256);
        if (own.length > 0) setFound((now) => [...now, ...own.map((file) => ({ matter, file }))]);
      }
      setLooked({ done: page.matters.length, all: page.matters.length });
    } catch (failed) {
      if (!signal.aborted) setError(failed);
    }
  };

  const isOver = looked !== undefined && looked.done === looked.all;
  return (
    <Card size="small" title={t("verify.file.mine")} className="no-print">
      <div className="stack" style={{ gap: 8 }} role="status">
        {looked === undefined && (
          <div>
            <Button onClick={() => void look()}>{t("verify.file.mine_what", { count: MATTERS })}</Button>
          </div>
        )}
        {looked && !isOver && !error && <span>{t("verify.file.looking", looked)}</span>}
        {error !== undefined && <Alert type="warning" showIcon title={explain(error)} />}
        {isOver && found.length === 0 && <span>{t("verify.file.mine_none", { count: looked.all })}</span>}
        {found.length > 0 && (
          <ul className="verify-list">
            {found.map(({ matter, file }) => (
              <li key={file.id}>
                <Link to={`/matters/${matter.id}/evidence?file=${file.id}`}>
                  {matter.number} · {file.name}
                </Link>{" "}
                {matter.title}
              </li>
            ))}
          </ul>
        )}
      </div>
    </Card>
  );
}
