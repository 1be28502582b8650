// Every problem that the server can answer with has words of its own, and no words are kept for one that it has not.
//
// In: the server's sources, where the repository is there. Codes stand in them as texts: in `Problem::new` and `Problem::bad`, in the small helpers
// around them, in the answers of the errors that are turned into problems (`api/problem.rs`), and in a few named places.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { catalogue } from "../../tools/messages.mjs";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const SERVER = join(ROOT, "crates/quanlian-server/src");

/** The errors whose codes `api/problem.rs` and the routes hand on, with those of their codes that never leave the server as such. */
const ERRORS: [file: string, type: string, inside: string[]][] = [
  ["crates/quanlian-store/src/matters/errors.rs", "WriteError", []],
  ["crates/quanlian-store/src/matters/errors.rs", "ReadError", []],
  ["crates/quanlian-store/src/accounts.rs", "AccountError", ["account_damaged"]],
  ["crates/quanlian-store/src/telling.rs", "TellingError", ["telling_damaged"]],
  ["crates/quanlian-store/src/files.rs", "FileError", []],
  ["crates/quanlian-store/src/jobs.rs", "JobError", ["job_lost", "job_damaged"]],
  ["crates/quanlian-store/src/objects.rs", "PutError", []],
  ["crates/quanlian-store/src/objects.rs", "GetError", []],
  ["crates/quanlian-store/src/trail.rs", "TrailError", []],
  ["crates/quanlian-store/src/database/trouble.rs", "DatabaseError", []],
  ["crates/quanlian-indicator/src/load.rs", "Mistakes", []],
  ["crates/quanlian-server/src/permission/roles.rs", "RoleError", ["roles_unreadable", "roles_no_action"]],
  ["crates/quanlian-server/src/sign_in/provider.rs", "ProviderError", []],
  ["crates/quanlian-server/src/sign_in/provider/token.rs", "TokenRefusal", []],
  ["crates/quanlian-server/src/sign_in/second_factor.rs", "CodeRefusal", []],
];

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((one) => {
    const path = join(folder, one.name);
    return one.isDirectory() ? sources(path) : one.name.endsWith(".rs") ? [path] : [];
  });
}

/** What is compiled into the server: the tests of a file stand at its end. */
function code(path: string): string {
  const text = readFileSync(path, "utf8");
  const tests = text.indexOf("#[cfg(test)]\nmod tests {");
  return tests < 0 ? text : text.slice(0, tests);
}

function ofRoutes(): Set<string> {
  const found = new Set<string>();
  for (const path of sources(SERVER)) {
    const text = code(path);
    const patterns = [
      /(?:Problem|Self)::new\(\s*[\w:]+\s*,\s*"([a-z_]+)"/g,
      /(?:Problem|Self)::bad\(\s*"([a-z_]+)"/g,
      // Small helpers around them.
      /\b(?:no|refused|invalid|unfit)\(\s*"([a-z_]+)",/g,
      /const [A-Z_]+_(?:MISSING|INVALID): &str = "([a-z_]+)"/g,
    ];
    for (const pattern of patterns) for (const match of text.matchAll(pattern)) found.add(match[1] ?? "");
    if (path.endsWith("api/problem.rs"))
      for (const match of text.matchAll(/=> "([a-z_]+)",/g)) found.add(match[1] ?? "");
  }
  return found;
}

function ofErrors(): Set<string> {
  const found = new Set<string>();
  for (const [file, type, inside] of ERRORS) {
    const text = code(join(ROOT, file));
    const begin = text.indexOf(`impl ${type} {`);
    expect(begin, `${type} in ${file}`).toBeGreaterThanOrEqual(0);
    const body = text.slice(begin, text.indexOf("\n}", begin));
    const answers = body.slice(body.indexOf("fn code"));
    const codes = [...answers.slice(0, 2500).matchAll(/"([a-z]+(?:_[a-z]+)+)"/g)].map((match) => match[1] ?? "");
    expect(codes.length, `codes of ${type}`).toBeGreaterThan(0);
    for (const one of codes) if (!inside.includes(one)) found.add(one);
  }
  return found;
}

const isThere = existsSync(SERVER);

it("every problem of the server has words in both languages", () => {
  if (!isThere) return;
  const codes = new Set([...ofRoutes(), ...ofErrors()]);
  // The search itself is tried: what it found is not little.
  expect(codes.size).toBeGreaterThan(140);
  const { zh, en } = catalogue();
  const missing = [...codes].filter((one) => !(`problem.code.${one}` in zh) || !(`problem.code.${one}` in en)).sort();
  expect(missing).toEqual([]);
});

it("no words are kept for a problem that nobody can have", () => {
  if (!isThere) return;
  const all = sources(SERVER)
    .concat(
      ERRORS.map(([file]) => join(ROOT, file)),
      join(SERVER, "sign_in/password.rs"),
    )
    .map(code)
    .join("\n");
  const unused = Object.keys(catalogue().en)
    .filter((key) => key.startsWith("problem.code."))
    .map((key) => key.slice("problem.code.".length))
    .filter((one) => !all.includes(`"${one}"`));
  expect(unused).toEqual([]);
});
