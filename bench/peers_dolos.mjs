// Scores every original of IR-Plag against the solutions of its task with Dolos.
// node peers_dolos.mjs IRPLAG NODE_MODULES > scores.jsonl; one line {task, path, kind, score}, figures on stderr.
import { createRequire } from "node:module";
import { readdirSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, modules] = process.argv.slice(2).map((path) => resolve(path));
const require = createRequire(join(modules, "x.js"));
const { Dolos } = await import(pathToFileURL(require.resolve("@dodona/dolos-lib")));

const javaBelow = (top) =>
  readdirSync(top).sort().flatMap((name) => {
    const path = join(top, name);
    if (statSync(path).isDirectory()) return javaBelow(path);
    return name.endsWith(".java") ? [path] : [];
  });

let bytes = 0;
const start = process.cpuUsage();
for (const task of readdirSync(folder).filter((name) => name.startsWith("case-")).sort()) {
  const paths = javaBelow(join(folder, task));
  bytes += paths.reduce((sum, path) => sum + statSync(path).size, 0);
  const report = await new Dolos({ language: "java" }).analyzePaths(paths);
  const kindOf = (path) => relative(join(folder, task), resolve(path)).split("/")[0];
  for (const pair of report.allPairs()) {
    for (const [a, b] of [[pair.leftFile, pair.rightFile], [pair.rightFile, pair.leftFile]]) {
      if (kindOf(a.path) === "original" && kindOf(b.path) !== "original") {
        console.log(JSON.stringify({ task, path: b.path, kind: kindOf(b.path), score: pair.similarity }));
      }
    }
  }
}
const spent = process.cpuUsage(start);
const seconds = (spent.user + spent.system) / 1e6;
console.error(`dolos: ${(bytes / 1e6).toFixed(2)} MB in ${seconds.toFixed(1)} s of CPU: ${(bytes / 1e6 / seconds).toFixed(2)} MB a CPU-second`);
