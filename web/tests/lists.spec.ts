// Lists: ten thousand rows, filters in the address, files that hold what is filtered.
import type { Page } from "@playwright/test";
import { as, expect, home, test } from "./harness";

// What the recorder of traces does to each frame is not what is measured here.
test.use({ trace: "off" });

const MANY = 10_000;
const PAGE = 200;

/** Answers the list with many matters, by pages, as the server would. */
async function many(page: Page): Promise<void> {
  await page.route("**/api/v1/matters?*", async (route) => {
    const after = Number(new URL(route.request().url()).searchParams.get("after") ?? 0);
    const rows = Array.from({ length: Math.min(PAGE, MANY - after) }, (_, at) => {
      const number = after + at + 1;
      return {
        id: `01a20000-0000-7000-8000-${`${number}`.padStart(12, "0")}`,
        number: `culture-copyright-investigation-2026-${`${number}`.padStart(5, "0")}`,
        version: "1-00",
        procedure: "copyright-investigation",
        procedure_version: 1,
        stage: "investigating",
        status: "working",
        owner_agency: "culture",
        owner_unit: "team-1",
        opened_at: "2026-01-01T01:00:00Z",
        changed_at: "2026-11-20T01:00:00Z",
        due_on: `2026-12-${`${(number % 28) + 1}`.padStart(2, "0")}`,
        title: number === 7 ? '=HYPERLINK("x")' : `第 ${number} 号案件：网络传播音乐作品`,
        handlers: ["li", "wang"],
        amount_fen: number * 100,
      };
    });
    const next = after + rows.length < MANY ? `${after + rows.length}` : null;
    await route.fulfill({ json: { matters: rows, next, count: MANY } });
  });
}

test("ten thousand matters are scrolled through without a jerk", async ({ page }) => {
  await as(page, "li");
  await many(page);
  await page.goto(`${home()}/matters`);
  const box = page.getByRole("region", { name: "办件" });
  await expect(box.getByRole("link", { name: /00001$/ })).toBeVisible();
  // To the end, so that all pages are there.
  await box.evaluate(async (at) => {
    const until = performance.now() + 60_000;
    while (at.scrollHeight < 440_000 && performance.now() < until) {
      at.scrollTop = at.scrollHeight;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    at.scrollTop = at.scrollHeight;
  });
  await expect(box.getByRole("link", { name: /10000$/ })).toBeVisible();
  const drawn = await box.locator("tbody tr").count();
  expect(drawn).toBeLessThan(150);

  await box.evaluate((at) => {
    at.scrollTop = 0;
  });
  await page.waitForTimeout(500);
  await page.evaluate(() => {
    const kept = window as unknown as { frames: number[]; watching: boolean };
    kept.frames = [];
    kept.watching = true;
    let last = performance.now();
    const frame = (now: number) => {
      kept.frames.push(now - last);
      last = now;
      if (kept.watching) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  const place = await box.boundingBox();
  if (!place) throw new Error("the list is not in sight");
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable");
  const busy = async () => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return (metrics.find((one) => one.name === "TaskDuration")?.value ?? 0) * 1000;
  };
  const before = await busy();
  await devtools.send("Input.synthesizeScrollGesture", {
    x: place.x + place.width / 2,
    y: place.y + place.height / 2,
    yDistance: -40_000,
    speed: 8_000,
    gestureSourceType: "mouse",
  });
  const spent = (await busy()) - before;
  const frames = await page.evaluate(() => {
    const kept = window as unknown as { frames: number[]; watching: boolean };
    kept.watching = false;
    return kept.frames.slice(1).sort((a, b) => a - b);
  });
  expect(await box.evaluate((at) => at.scrollTop)).toBeGreaterThan(30_000);
  const at = (share: number) => frames[Math.floor(frames.length * share)] ?? 0;
  const mean = frames.reduce((sum, one) => sum + one, 0) / frames.length;
  const told = `${frames.length} frames, mean ${mean.toFixed(1)} ms, median ${at(0.5).toFixed(1)}, 95 % ${at(0.95).toFixed(1)}, longest ${at(0.999).toFixed(1)}; ${(spent / frames.length).toFixed(1)} ms of work a frame`;
  // A figure for docs/BENCHMARKS.md: speed decides no test.
  console.log(`scrolling ${MANY} rows: ${told}`);
});
