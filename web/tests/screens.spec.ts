// Every screen, in both languages, as who it is for: a picture, nothing serious by axe, nothing asked of another host.
import { as, expect, settled, sound, test } from "./harness";

/** Whom a screen is looked at as, its address, and something that stands on it when it is whole. */
const SCREENS: { name: string; login: string; path: string }[] = [
  { name: "workbench-clerk", login: "zhou", path: "/" },
  { name: "workbench-handler", login: "li", path: "/" },
  { name: "workbench-head", login: "wang", path: "/" },
  { name: "workbench-police", login: "han", path: "/" },
  { name: "workbench-procurator", login: "qin", path: "/" },
  { name: "workbench-right-holder", login: "lin", path: "/" },
  { name: "workbench-analyst", login: "fan", path: "/" },
  { name: "workbench-auditor", login: "shi", path: "/" },
  { name: "workbench-administrator", login: "root", path: "/" },
  { name: "intake", login: "zhou", path: "/intake" },
  { name: "matters", login: "li", path: "/matters" },
  { name: "search", login: "li", path: "/search?q=%E6%A0%B7" },
  { name: "notices", login: "li", path: "/notices" },
  { name: "transfer", login: "li", path: "/transfer" },
  { name: "supervision", login: "qin", path: "/transfer?desk=filing-supervision" },
  { name: "hits", login: "fan", path: "/hits" },
  { name: "verify", login: "li", path: "/verify" },
  { name: "law", login: "li", path: "/law" },
  { name: "law-rule", login: "li", path: "/law?rule=cn%2Fcriminal%2F213%2F2004-19-art-01&on=2024-01-01" },
  { name: "procedures", login: "li", path: "/procedures" },
  { name: "indicators", login: "wang", path: "/indicators" },
  { name: "accounts", login: "root", path: "/accounts" },
  { name: "agencies", login: "root", path: "/agencies" },
  { name: "audit", login: "shi", path: "/audit" },
  { name: "account", login: "li", path: "/account" },
  { name: "filings", login: "lin", path: "/filings" },
  { name: "webhooks", login: "root", path: "/webhooks" },
  { name: "help", login: "li", path: "/help" },
];
const TABS = ["", "parties", "evidence", "goods", "matches", "law", "papers", "tasks", "sharing", "log"];

for (const language of ["zh", "en"] as const) {
  test.describe(`screens in ${language}`, () => {
    for (const { name, login, path } of SCREENS) {
      test(name, async ({ page }) => {
        await as(page, login, language);
        await page.goto(path);
        await page.waitForSelector("h1");
        await settled(page);
        expect(await untranslated(page), "keys without words").toEqual([]);
        await sound(page, `${name}-${language}`);
      });
    }

    test("sign-in", async ({ page }) => {
      await page.goto(`/?lang=${language}`);
      await page.waitForSelector("form");
      await sound(page, `sign-in-${language}`);
    });

    test("the matter and its tabs", async ({ page }) => {
      test.setTimeout(240_000);
      await as(page, "li", language);
      // The music channel: its transfer has parties, goods and papers, its investigation the matches and the assessment.
      const at = (procedure: string, stage: string) =>
        page.evaluate(
          async ([of, where]) => {
            const found = await fetch(`/api/v1/matters?procedure=${of}&limit=200`);
            const { matters } = (await found.json()) as { matters: { id: string; stage: string }[] };
            return matters.find((one) => one.stage === where)?.id;
          },
          [procedure, stage],
        );
      const transfer = await at("criminal-transfer", "handed_to_criminal");
      const investigation = await at("copyright-investigation", "criminal");
      expect(transfer).toBeDefined();
      expect(investigation).toBeDefined();
      for (const tab of TABS) {
        const id = tab === "matches" || tab === "law" ? investigation : transfer;
        await page.goto(`/matters/${id}${tab === "" ? "" : `/${tab}`}`);
        await page.waitForSelector("[role=tabpanel]");
        await settled(page);
        expect(await untranslated(page), `keys without words on ${tab}`).toEqual([]);
        await sound(page, `matter-${tab || "summary"}-${language}`);
      }
    });
  });
}

/** Keys of the catalogue that stand on the page as they are. */
async function untranslated(page: import("@playwright/test").Page): Promise<string[]> {
  const text = await page.locator("body").innerText();
  // Names of files are no keys.
  const isFile = /\.(zip|json|pdf|html|txt|csv)$/;
  return [...new Set(text.match(/\b[a-z][a-z-]+\.[a-z_]+(?:\.[a-z_]+)*\b/g) ?? [])].filter(
    (found) =>
      !isFile.test(found) &&
      /^(frame|matter|matters|workbench|transfer|intake|review|law|sign-in|problem|ledger|sharing|notices|indicators|verify|help)\./.test(
        found,
      ),
  );
}
