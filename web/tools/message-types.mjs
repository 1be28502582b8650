// Writes the keys of the catalogue as a type, so that a key that is not there does not compile.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { keys } from "./messages.mjs";

const lines = keys().map((key) => `  | ${JSON.stringify(key)}`);
const text = `// Made from messages/web by tools/message-types.mjs.\nexport type MessageKey =\n${lines.join("\n")};\n`;
writeFileSync(fileURLToPath(new URL("../src/words/keys.d.ts", import.meta.url)), text);
