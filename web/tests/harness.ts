// What every story uses: being somebody, counting clicks, and the promises that hold on each screen.
//
// Promises: nothing is asked of another host, the policy of the pages refuses nothing, axe finds nothing serious, no word is missing.
import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect, type Page } from "@playwright/test";

export const PASSWORD = process.env.QUANLIAN_PASSWORD ?? "lantern-river-quilt-7";
export const SHOTS = process.env.QUANLIAN_SHOTS ?? "screenshots";

export function home(): string {
  const url = process.env.QUANLIAN_URL;
  if (!url) throw new Error("no platform");
  return url;
}

export interface Seen {
  foreign: string[];
  refused: string[];
  errors: string[];
}

export const test = base.extend<{ seen: Seen }>({
  seen: [
    async ({ page }, use) => {
      const seen: Seen = { foreign: [], refused: [], errors: [] };
      page.on("request", (request) => {
        const url = request.url();
        if (!url.startsWith(home()) && !url.startsWith("blob:") && !url.startsWith("data:")) seen.foreign.push(url);
      });
      page.on("pageerror", (error) => seen.errors.push(error.message));
      page.on("console", (message) => {
        if (/Content Security Policy|Refused to/.test(message.text()))
          seen.refused.push(`${message.text()} (${message.location().url}:${message.location().lineNumber})`);
        // What the server refuses, and the line that a story breaks itself, are no errors of the page.
        else if (message.type() === "error" && !/status of 4\d\d|ERR_CONNECTION_RESET/.test(message.text()))
          seen.errors.push(message.text());
      });
      await use(seen);
      expect(seen.foreign, "requests to other hosts").toEqual([]);
      expect(seen.refused, "refused by the policy of the pages").toEqual([]);
      expect(seen.errors, "errors of the page").toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** Signs in as somebody, in a language. */
export async function as(page: Page, login: string, language: "zh" | "en" = "zh", password = PASSWORD): Promise<void> {
  await page.context().clearCookies();
  await page.goto(`${home()}/?lang=${language}`);
  const answer = await page.evaluate(
    async ([name, secret]) => {
      const sent = await fetch("/api/v1/session", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ login: name, password: secret }),
      });
      return sent.status;
    },
    [login, password],
  );
  expect(answer, `sign-in of ${login}`).toBe(200);
  await page.goto(`${home()}/?lang=${language}`);
  await page.waitForSelector("header.frame-head");
}

/** Counts real clicks of a piece of a story. */
export async function clicks(page: Page, work: () => Promise<void>): Promise<number> {
  await page.evaluate(() => {
    const counted = window as unknown as { clicksSeen?: number };
    counted.clicksSeen = 0;
    window.addEventListener(
      "click",
      (event) => {
        if (event.isTrusted) counted.clicksSeen = (counted.clicksSeen ?? 0) + 1;
      },
      { capture: true },
    );
  });
  await work();
  return page.evaluate(() => (window as unknown as { clicksSeen?: number }).clicksSeen ?? 0);
}

/** Waits until nothing is being loaded; an answer whose body a story itself left unread does not hold it up for ever. */
export async function settled(page: Page): Promise<void> {
  await page.waitForLoadState("networkidle", { timeout: 10_000 }).catch(() => undefined);
}

/** Nothing serious by axe; nothing untranslated; a picture of it. */
export async function sound(page: Page, name: string): Promise<void> {
  await settled(page);
  const found = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
    // What axe loads beforehand are styles of shadow roots, as styles of its own, which the policy of the pages refuses.
    .options({ preload: false })
    .analyze();
  const serious = found.violations.filter((one) => one.impact === "serious" || one.impact === "critical");
  expect(
    serious.map(
      (one) => `${one.id}: ${one.nodes.map((node) => `${node.target.join(" ")} — ${node.failureSummary}`).join(" | ")}`,
    ),
    `axe on ${name}`,
  ).toEqual([]);
  // Hiding the caret would put a style into the page, which its policy refuses.
  await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true, caret: "initial" });
}
