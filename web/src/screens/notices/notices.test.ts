import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "smol-toml";
import { expect, it } from "vitest";
import type { Notice } from "~/api/shapes";
import { catalogue } from "../../../tools/messages.mjs";
import { byMatter, lightOf } from "./group";

const notice = (id: string, matter: string, read: boolean): Notice => ({
  id,
  matter: { id: matter, number: `n-${matter}`, stage: "s" },
  template: "notice.accepted",
  about: null,
  light: null,
  made_at: "2026-01-01T00:00:00Z",
  read_at: read ? "2026-01-02T00:00:00Z" : null,
});

it("notices of a matter stand together, the newest first", () => {
  const groups = byMatter([notice("1", "a", false), notice("2", "b", true), notice("3", "a", true)]);
  expect(groups.map((one) => [one.matter.id, one.notices.map((each) => each.id), one.unread])).toEqual([
    ["a", ["1", "3"], 1],
    ["b", ["2"], 0],
  ]);
  expect([null, "yellow", "red", "overdue_3"].map(lightOf)).toEqual(["off", "yellow", "red", "red"]);
});

it("every template of a mail has words on the page", () => {
  const path = fileURLToPath(new URL("../../../../messages/mail.zh.toml", import.meta.url));
  if (!existsSync(path)) return;
  const mail = Object.keys(parse(readFileSync(path, "utf8")));
  const here = catalogue().zh;
  const missing = mail
    .filter((key) => /^(notice|light)\./.test(key) && key !== "notice.clock")
    .map((key) => key.replace(/^notice\./, "notices.template.").replace(/^light\./, "notices.light."))
    .filter((key) => !(key in here));
  expect(missing).toEqual([]);
});
