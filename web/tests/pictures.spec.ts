// The pictures of the README, in both languages: `QUANLIAN_PICTURES=1 npm run e2e -- tests/pictures.spec.ts`.
//
// In:  the demo platform, fresh, so that nothing but its own sample content is seen.
// Out: docs/pictures/*.png, which are looked at before they are committed.
import { fileURLToPath } from "node:url";
import { as, expect, settled, test } from "./harness";

const FOLDER = fileURLToPath(new URL("../../docs/pictures", import.meta.url));

test.skip(!process.env.QUANLIAN_PICTURES, "pictures are drawn when QUANLIAN_PICTURES says so");

for (const language of ["zh", "en"] as const) {
  test(`pictures in ${language}`, async ({ page }) => {
    await as(page, "li", language);
    await page
      .getByRole("button", { name: /结束导览|End the tour/ })
      .first()
      .click();
    await settled(page);
    await page.screenshot({ path: `${FOLDER}/workbench-${language}.png`, caret: "initial" });
    const transfer = await page.evaluate(async () => {
      const found = await fetch("/api/v1/matters?procedure=criminal-transfer&limit=200");
      const { matters } = (await found.json()) as { matters: { id: string; stage: string }[] };
      return matters.find((one) => one.stage === "handed_to_criminal")?.id;
    });
    expect(transfer).toBeDefined();
    await page.goto(`/matters/${transfer}`);
    await page.waitForSelector("[role=tabpanel]");
    await settled(page);
    await page.screenshot({ path: `${FOLDER}/matter-${language}.png`, caret: "initial" });
  });
}
