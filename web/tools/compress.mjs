// Compresses what was built by Brotli, so that the server sends it as it lies.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const ENDINGS = /\.(js|mjs|css|svg|json|wasm)$/;
let before = 0;
let after = 0;
const walk = (folder) => {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) walk(path);
    else if (ENDINGS.test(name)) {
      const bytes = readFileSync(path);
      const small = brotliCompressSync(bytes, {
        params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
      });
      if (small.length < bytes.length) writeFileSync(`${path}.br`, small);
      before += bytes.length;
      after += Math.min(small.length, bytes.length);
    }
  }
};
walk(dist);
console.log(`compressed ${Math.round(before / 1024)} KiB to ${Math.round(after / 1024)} KiB`);
