// Evidence verified in this browser: a bundle with everything that proves it, or one file against a digest or a receipt. Nothing is sent.
//
// Invariant: a question that was not answered is shown as not checked, and the page never says that a bundle is good, only that nothing was found wrong.
import { Alert, Button, Card, Input, Progress } from "antd";
import { useEffect, useRef, useState } from "react";
import { type Digests, digestsOf } from "~/digest/digest";
import { FileDrop } from "~/parts/file-drop";
import { Page } from "~/parts/page";
import type { Check } from "~/verify/bundle";
import { readGiven } from "~/verify/receipt";
import type { Told } from "~/verify/worker";
import { useWords } from "~/words/words";
import { BundleAnswers } from "./bundle-answers";
import { FileAnswers } from "./file-answers";
import "./verify.css";

const MAX_RECEIPT_BYTES = 4 << 20;

type Found =
  | { kind: "bundle"; file: File; checks: Check[] }
  | { kind: "file"; file: File; digests: Digests }
  | { kind: "failed"; file: File; detail: string };

/** A bundle is told by what it is, a ZIP file with a bag in it, and not by its name alone. */
async function isBundle(file: File): Promise<boolean> {
  if (/\.qne\.zip$/i.test(file.name)) return true;
  const head = new Uint8Array(await file.slice(0, 64).arrayBuffer());
  return head[0] === 0x50 && head[1] === 0x4b && new TextDecoder().decode(head.slice(30)).startsWith("VERIFY.txt");
}

async function asReceipt(file: File): Promise<string | undefined> {
  if (file.size > MAX_RECEIPT_BYTES || !/\.(json|txt)$/i.test(file.name)) return undefined;
  const text = await file.text();
  return readGiven(text)?.receipt ? text : undefined;
}

export function Component() {
  const { t, size } = useWords();
  const [key, setKey] = useState("");
  const [given, setGiven] = useState("");
  const [running, setRunning] = useState<{ file: File; done: number }>();
  const [found, setFound] = useState<Found>();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);

  const verify = async (file: File, withKey = key) => {
    stop.current?.abort();
    const own = new AbortController();
    stop.current = own;
    setFound(undefined);
    setRunning({ file, done: 0 });
    const tell = (done: number) => !own.signal.aborted && setRunning({ file, done });
    try {
      const next: Found = (await isBundle(file))
        ? { kind: "bundle", file, checks: await inWorker(file, withKey, tell, own.signal) }
        : { kind: "file", file, digests: await digestsOf(file, { sm3: true, onProgress: tell, signal: own.signal }) };
      if (!own.signal.aborted) setFound(next);
    } catch (error) {
      if (!own.signal.aborted)
        setFound({ kind: "failed", file, detail: error instanceof Error ? error.message : String(error) });
    } finally {
      // A later file may have been chosen meanwhile; its answer counts.
      if (!own.signal.aborted) setRunning(undefined);
    }
  };
  const take = async (files: File[]) => {
    let chosen: File | undefined;
    for (const file of files.slice(0, 10)) {
      const receipt = await asReceipt(file);
      if (receipt) setGiven(receipt);
      else chosen ??= file;
    }
    if (chosen) void verify(chosen);
  };

  return (
    <Page title={t("frame.nav.verify")}>
      <div className="stack verify">
        <p className="quiet" style={{ margin: 0 }}>
          {t("verify.lead")}
        </p>
        <div className="no-print">
          <FileDrop single="also-receipt" label={t("verify.drop")} onFiles={(files) => void take(files)} />
        </div>
        <div className="grid-2 no-print">
          <div className="verify-field">
            <label htmlFor="verify-key">{t("verify.key")}</label>
            <div className="quiet">{t("verify.key_hint")}</div>
            <Input
              id="verify-key"
              value={key}
              maxLength={400}
              spellCheck={false}
              autoComplete="off"
              onChange={(event) => setKey(event.target.value)}
              onBlur={() => found?.kind === "bundle" && void verify(found.file)}
              onPressEnter={() => found?.kind === "bundle" && void verify(found.file)}
            />
          </div>
          <div className="verify-field">
            <label htmlFor="verify-given">{t("verify.compare")}</label>
            <div className="quiet">{t("verify.compare_hint")}</div>
            <Input.TextArea
              id="verify-given"
              value={given}
              rows={2}
              spellCheck={false}
              onChange={(event) => setGiven(event.target.value)}
            />
          </div>
        </div>
        {running && (
          <Card size="small">
            <div className="row" role="status">
              <span>
                {t("verify.working", {
                  name: running.file.name,
                  done: size(running.done),
                  all: size(running.file.size),
                })}
              </span>
              <Button
                size="small"
                onClick={() => {
                  stop.current?.abort();
                  setRunning(undefined);
                }}
              >
                {t("verify.stop")}
              </Button>
            </div>
            <Progress
              size="small"
              percent={Math.min(100, Math.floor((running.done / Math.max(1, running.file.size)) * 100))}
              aria-label={running.file.name}
            />
          </Card>
        )}
        {found?.kind === "failed" && (
          <Alert type="error" showIcon role="alert" title={t("verify.failed_read", { detail: found.detail })} />
        )}
        {found?.kind === "bundle" && <BundleAnswers name={found.file.name} checks={found.checks} />}
        {found?.kind === "file" && <FileAnswers file={found.file} digests={found.digests} given={given} />}
      </div>
    </Page>
  );
}

function inWorker(file: File, key: string, tell: (done: number) => void, signal: AbortSignal): Promise<Check[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("../../verify/worker.ts", import.meta.url), { type: "module" });
    signal.addEventListener("abort", () => worker.terminate());
    worker.onmessage = ({ data }: MessageEvent<Told>) => {
      if ("done" in data) return tell(data.done);
      worker.terminate();
      return resolve(data.checks);
    };
    worker.onerror = (event) => {
      worker.terminate();
      reject(new Error(event.message));
    };
    worker.postMessage({ file, key });
  });
}
