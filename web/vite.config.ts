// How the pages are built: one entry, a chunk for each screen, the words of each language a chunk of its own.
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { catalogue, FOLDER } from "./tools/messages.mjs";

const WORDS = /^virtual:words\/(zh|en)$/;

function words(): Plugin {
  return {
    name: "quanlian-words",
    configureServer(server) {
      server.watcher.add(FOLDER);
      server.watcher.on("all", (_, path) => {
        if (path.startsWith(FOLDER)) void server.restart();
      });
    },
    resolveId: (id) => (WORDS.test(id) ? `\0${id}` : undefined),
    load(id) {
      const language = id.startsWith("\0") ? WORDS.exec(id.slice(1))?.[1] : undefined;
      if (language !== "zh" && language !== "en") return undefined;
      return `export default ${JSON.stringify(catalogue()[language])}`;
    },
  };
}

const server = process.env["QUANLIAN_SERVER"] ?? "http://127.0.0.1:7390";
const proxy = { target: server, changeOrigin: true, headers: { origin: server } };

export default defineConfig({
  plugins: [react(), words()],
  resolve: { alias: { "~": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { proxy: { "/api": proxy, "/openapi.json": proxy }, strictPort: true },
  build: {
    target: "chrome100",
    // Nothing is inlined: the policy of the pages admits files of our own alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx", "tools/**/*.test.ts"] },
});
