import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "smol-toml";
import { expect, it } from "vitest";
import { catalogue } from "../../tools/messages.mjs";
import { ACTIONS, areTogether, ROLES } from "./roles";

const file = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

it("roles are those of the policies, with their names", () => {
  const path = file("policies/roles.toml");
  if (!existsSync(path)) return;
  const policies = parse(readFileSync(path, "utf8")) as Record<
    string,
    { name: { zh: string; en: string }; reach: string; alone?: boolean; may: string[] }
  >;
  expect(ROLES.map(({ id, reach, alone }) => [id, reach, alone])).toEqual(
    Object.entries(policies).map(([id, { reach, alone }]) => [id, reach, alone ?? false]),
  );
  const { zh, en } = catalogue();
  for (const [id, { name }] of Object.entries(policies)) {
    expect([zh[`roles.${id}`], en[`roles.${id}`]], id).toEqual([name.zh, name.en]);
  }
  const may = new Set(Object.values(policies).flatMap((role) => role.may));
  expect([...may].filter((action) => !ACTIONS.includes(action as never))).toEqual([]);
});

it("who administers or audits holds no other role", () => {
  expect(areTogether(["administrator"])).toBe(true);
  expect(areTogether(["administrator", "handler"])).toBe(false);
  expect(areTogether(["approver", "head"])).toBe(true);
});
