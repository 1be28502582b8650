// The catalogue of the pages: `messages/web/*.toml`, one file for each part of the pages.
//
// In:  files in which each entry is `key = { zh = "…", en = "…" }`, with `en_one` where English tells one from many.
// Out: for each language an object from `file.table.key` to its words.
//
// Invariant: an entry without both languages, or with other braces in one than in the other, stops the build.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "smol-toml";

export const FOLDER = fileURLToPath(new URL("../../messages/web", import.meta.url));

const braces = (text) => [...new Set(text.match(/\{[a-z_]+\}/g) ?? [])].sort().join(" ");

export function catalogue(folder = FOLDER) {
  const found = { zh: {}, en: {} };
  const faults = [];
  const walk = (table, path) => {
    for (const [key, value] of Object.entries(table)) {
      const here = `${path}.${key}`;
      if (typeof value !== "object" || value === null) {
        faults.push(`${here} is no entry`);
      } else if ("zh" in value || "en" in value) {
        const { zh, en, en_one, ...rest } = value;
        if (typeof zh !== "string" || typeof en !== "string" || zh === "" || en === "")
          faults.push(`${here} lacks a language`);
        else if (braces(zh) !== braces(en)) faults.push(`${here} names other things in Chinese than in English`);
        if (Object.keys(rest).length > 0) faults.push(`${here} has ${Object.keys(rest).join(", ")}`);
        if (en_one === undefined) {
          found.zh[here] = zh;
          found.en[here] = en;
        } else {
          found.zh[`${here}_other`] = zh;
          found.en[`${here}_other`] = en;
          found.en[`${here}_one`] = en_one;
        }
      } else {
        walk(value, here);
      }
    }
  };
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith(".toml"))
    .sort()) {
    const part = basename(file, ".toml");
    try {
      walk(parse(readFileSync(join(folder, file), "utf8")), part);
    } catch (error) {
      faults.push(`messages/web/${file}: ${error.message}`);
    }
  }
  if (faults.length > 0) throw new Error(`the words of the pages:\n  ${faults.join("\n  ")}`);
  return found;
}

/** The keys as code names them: without the endings of plurals. */
export function keys(of = catalogue()) {
  return [...new Set(Object.keys(of.en).map((key) => key.replace(/_(one|other)$/, "")))].sort();
}
