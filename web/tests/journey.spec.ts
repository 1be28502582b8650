// A complaint on its way through seven desks, clicked by hand, within the clicks that each step may take.
//
// In:  the demo platform.
// Out: nothing, or the first step that took more clicks than it may or did not lead where it should.
import { as, clicks, expect, test } from "./harness";

const MARK = `流程试走 ${Date.now()}`;

/** The stage in which the matter on the screen is; those that may follow stand beside it. */
const stage = (page: import("@playwright/test").Page) => page.locator('main [aria-current="step"]').first();

/** Opens a complaint as the clerk, through the API: how one is filed by hand is the story of `intake.spec.ts`. */
async function complaint(page: import("@playwright/test").Page, title: string): Promise<string> {
  return page.evaluate(async (name) => {
    const send = (path: string, body: unknown, headers: Record<string, string> = {}) =>
      fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
    const opened = await send("/api/v1/matters", {
      procedure: "complaint-intake",
      version: 1,
      title: name,
      given: {
        facts: { subject: { text: "copyright" }, place_of_act: { text: "310115" } },
        papers: { complaint_letter: "来信 1 号" },
      },
    });
    const matter = (await opened.json()) as { id: string };
    for (const file of ["身份证明.txt", "权属证明.txt", "侵权线索材料.txt"]) {
      const bytes = new TextEncoder().encode(`${file} ${name}`);
      const begun = await send(`/api/v1/matters/${matter.id}/uploads`, {
        kind: "evidence",
        name: file,
        size_bytes: bytes.length,
      });
      const upload = (await begun.json()) as { id: string };
      await fetch(`/api/v1/uploads/${upload.id}`, {
        method: "PATCH",
        headers: { "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0", "Tus-Resumable": "1.0.0" },
        body: bytes,
      });
    }
    return matter.id;
  }, title);
}

test.describe
  .serial("a complaint through the desks", () => {
    let matter = "";

    test("the clerk accepts it and it is opened: at most 3 clicks", async ({ page }) => {
      await as(page, "zhou");
      matter = await complaint(page, MARK);
      await page.goto("/");
      const row = page.getByRole("row", { name: new RegExp(MARK) }).first();
      await row.waitFor();
      const count = await clicks(page, async () => {
        await row.getByRole("button", { name: "受理" }).click();
        await page.getByRole("button", { name: "核对无误，受理" }).click();
        await expect(stage(page)).toHaveText(/已受理/, { timeout: 60_000 });
      });
      expect(count).toBeLessThanOrEqual(3);
    });

    test("the clerk gives it to a handler, who proposes to file the case", async ({ page }) => {
      await as(page, "zhou");
      await page.evaluate(async (id) => {
        const seen = await fetch(`/api/v1/matters/${id}`);
        const { title } = (await seen.json()) as { title: string };
        await fetch(`/api/v1/matters/${id}/assignment`, {
          method: "PUT",
          headers: { "Content-Type": "application/json", "If-Match": seen.headers.get("etag") ?? "" },
          body: JSON.stringify({ title, unit: "team-1", handlers: ["zhou", "li"] }),
        });
      }, matter);
      await as(page, "li");
      const row = page.getByRole("row", { name: new RegExp(MARK) }).first();
      await row.waitFor();
      const count = await clicks(page, async () => {
        await row.getByRole("button", { name: "立案" }).click();
        await page.getByLabel("文书正文").fill("经核查，拟立案调查。");
        await page.getByRole("button", { name: "核对无误，立案" }).click();
        await expect(page.getByText(/待审批：立案/).first()).toBeVisible({ timeout: 30_000 });
      });
      expect(count).toBeLessThanOrEqual(4);
    });

    for (const [login, who] of [
      ["zhao", "the reviewer"],
      ["wang", "the head"],
    ] as const) {
      test(`${who} agrees: 2 clicks`, async ({ page }) => {
        await as(page, login);
        const item = page.getByRole("listitem").filter({ hasText: MARK });
        await item.waitFor();
        const count = await clicks(page, async () => {
          await item.getByRole("button", { name: "查看并审批" }).click();
          await page.getByRole("button", { name: "同意", exact: true }).click();
          await expect(page.getByText("已同意").first()).toBeVisible({ timeout: 30_000 });
        });
        expect(count).toBeLessThanOrEqual(2);
      });
    }

    test("the handler opens the investigation, with what was on file", async ({ page }) => {
      await as(page, "li");
      await page.goto(`/matters/${matter}`);
      await page.getByRole("button", { name: "开立后续办件" }).click();
      await page.getByRole("menuitem", { name: /著作权/ }).click();
      const second = page.getByRole("combobox", { name: /协办/ });
      await second.fill("钱协办");
      await page.locator(".ant-select-item-option:visible", { hasText: "钱协办" }).click();
      await page.getByRole("button", { name: "开立", exact: true }).click();
      await expect(stage(page)).toHaveText(/调查取证/, { timeout: 60_000 });
      await page.getByRole("tab", { name: "证据材料" }).click();
      await expect(page.getByText("身份证明.txt").first()).toBeVisible();
    });
  });

test("the police receive a transfer: at most 3 clicks", async ({ page }) => {
  await as(page, "han");
  await page.goto("/transfer");
  const receive = page.getByRole("button", { name: "受理移送" }).first();
  await receive.waitFor();
  await page.goto("/");
  const count = await clicks(page, async () => {
    await page.getByRole("button", { name: "受理移送" }).first().click();
    await page.getByRole("button", { name: "核对无误，受理移送" }).click();
    await expect(stage(page)).toHaveText(/公安机关审查/, { timeout: 60_000 });
  });
  expect(count).toBeLessThanOrEqual(3);
});

test("the procurator asks for reasons: at most 3 clicks", async ({ page }) => {
  await as(page, "qin");
  const opened = await page.evaluate(async (title) => {
    const answer = await fetch("/api/v1/matters", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        procedure: "filing-supervision",
        title,
        given: { papers: { case_file: "监督线索 1 号" }, counterparts: { police: "police" } },
      }),
    });
    return answer.status;
  }, MARK);
  expect(opened).toBe(201);
  const count = await clicks(page, async () => {
    await page.getByRole("link", { name: "移送与监督" }).click();
    await page.getByRole("button", { name: "要求说明不立案理由" }).first().click();
    // Written by hand, as the day of a letter is.
    const day = page.getByLabel("要求说明理由通知书送达日");
    await day.fill(new Date().toISOString().slice(0, 10));
    await day.press("Enter");
    await page.getByRole("button", { name: "核对无误，要求说明不立案理由" }).click();
    await expect(page.getByText(/待审批：要求说明不立案理由/).first()).toBeVisible({ timeout: 30_000 });
  });
  expect(count).toBeLessThanOrEqual(3);
});

test("an auditor and an administrator see their own work and no matter", async ({ page }) => {
  for (const [login, path] of [
    ["shi", "/audit"],
    ["root", "/accounts"],
  ] as const) {
    await as(page, login);
    await expect(page.getByRole("link", { name: "办件", exact: true })).toHaveCount(0);
    await expect(page.locator(`main a[href="${path}"]`).first()).toBeVisible();
  }
});
