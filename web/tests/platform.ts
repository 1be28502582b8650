// Starts the demo platform once for all stories, unless one is named.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const START_MS = 180_000;

export default async function start(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.QUANLIAN_URL) return undefined;
  const program = process.env.QUANLIAN_PROGRAM;
  if (!program) throw new Error("name the program in QUANLIAN_PROGRAM, or a platform that runs in QUANLIAN_URL");
  const data = mkdtempSync(join(tmpdir(), "quanlian-pages-"));
  const child = spawn(
    program,
    ["--lang", "en", "demo", "--serve", "--data", join(data, "demo"), "--listen", "127.0.0.1:0"],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let said = "";
  const address = await new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`the demo platform did not start:\n${said}`)), START_MS);
    const hear = (piece: Buffer) => {
      said += piece.toString();
      const found = /The platform is at (http:\/\/127\.0\.0\.1:\d+)/.exec(said);
      if (found?.[1]) {
        clearTimeout(late);
        resolve(found[1]);
      }
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("exit", (code) => reject(new Error(`the demo platform ended with ${code}:\n${said}`)));
  });
  process.env.QUANLIAN_URL = address;
  return async () => {
    await new Promise((ended) => {
      child.removeAllListeners("exit");
      child.on("exit", ended);
      child.kill("SIGTERM");
    });
    rmSync(data, { recursive: true, force: true });
  };
}
