// The catalogue and the code agree: no words that nothing shows, no key that has no words.
//
// A key is used where it stands as a text, or where a text is put together of a beginning and a code (`frame.light.${light}`): then every key that
// begins so is used. That whole keys exist is checked by their type as well; what is put together is checked here alone.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { catalogue, keys } from "../../tools/messages.mjs";

const SOURCES = fileURLToPath(new URL("..", import.meta.url));

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((one) => {
    const path = join(folder, one.name);
    if (one.isDirectory()) return sources(path);
    return /\.tsx?$/.test(one.name) && !/(\.test\.tsx?|\.d\.ts)$/.test(one.name) ? [path] : [];
  });
}

const text = sources(SOURCES)
  .map((path) => readFileSync(path, "utf8"))
  .join("\n");
const all = keys(catalogue());
const files = new Set(all.map((key) => key.split(".")[0] ?? ""));
const isOurs = (name: string) => files.has(name.split(".")[0] ?? "");

/** `matters.filter.` of `matters.filter.${name}`; and what stands behind the code, if anything. */
const puttogether = [...text.matchAll(/`([a-z][a-z-]*\.[a-z_.]*)\$\{[^{}]*(?:\([^()]*\))?[^{}]*\}([a-z_.]*)`/g)]
  .map(([, begin = "", end = ""]) => ({ begin, end }))
  .filter(({ begin }) => isOurs(begin));
const literal = new Set(
  [...text.matchAll(/["'`]([a-z][a-z-]*(?:\.[a-z0-9_]+)+)["'`]/g)].map((match) => match[1] ?? ""),
);

it("every key is shown somewhere", () => {
  const unused = all.filter(
    (key) => !literal.has(key) && !puttogether.some(({ begin, end }) => key.startsWith(begin) && key.endsWith(end)),
  );
  expect(unused).toEqual([]);
});

it("every key that is named has words", () => {
  const known = new Set(all);
  const named = [...text.matchAll(/\b(?:t|say|maybe)\(\s*"([^"]+)"/g)]
    .map((match) => match[1] ?? "")
    .filter((key) => key.includes("."));
  expect(named.length).toBeGreaterThan(100);
  expect(named.filter((key) => !known.has(key))).toEqual([]);
  expect(
    puttogether.filter(({ begin, end }) => !all.some((key) => key.startsWith(begin) && key.endsWith(end))),
  ).toEqual([]);
});
