// Filing a complaint, bringing files over a bad line, evidence of a matter, verification without upload: by hand, within the clicks they may take.
//
// In:  the demo platform; who receives complaints and who handles them.
// Out: nothing, or the first promise that was not kept.
import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { as, clicks, expect, home, settled, sound, test } from "./harness";

const CLERK = process.env.QUANLIAN_CLERK ?? "zhou";
const HANDLER = process.env.QUANLIAN_HANDLER ?? "li";
const STAMP = Date.now().toString(36);
const HOLDER = `晨江音乐文化有限公司${STAMP}`;
const RIGHT = `国作登字-2024-F-${STAMP}`;
const LINK = `https://music.example/${STAMP}`;
const file = (name: string, content: string | Buffer) => ({
  name,
  mimeType: "application/octet-stream",
  buffer: Buffer.from(content as string),
});
const next = (page: Page) => page.getByRole("button", { name: "下一步" });
const chooser = (page: Page) => page.locator('input[type="file"]').first();

async function fillRight(page: Page): Promise<void> {
  await page.getByLabel("权利登记号").fill(RIGHT);
  await page.getByLabel("权利人", { exact: true }).and(page.locator("input[type=text]")).fill(HOLDER);
}

test.describe
  .serial("a complaint", () => {
    let matter = "";

    test("is filed with one right, one link and one file in at most six clicks from home", async ({ page }) => {
      await as(page, CLERK);
      const count = await clicks(page, async () => {
        await page.getByRole("link", { name: "投诉举报" }).first().click();
        await fillRight(page);
        await next(page).click();
        await page.getByLabel("侵权链接、账号").fill(`1、“${LINK}”，`);
        const choosing = page.waitForEvent("filechooser");
        await page.getByRole("button", { name: "选择文件", exact: true }).click();
        await (await choosing).setFiles([file("夜听.mp3", `ID3 ${STAMP}`)]);
        await next(page).click();
        await page.getByLabel("联系方式").fill("0512-00000000");
        await next(page).click();
        await page.getByRole("button", { name: "提交", exact: true }).click();
        await expect(page.getByRole("heading", { name: "已收到您的投诉举报" })).toBeVisible();
      });
      expect(count).toBeLessThanOrEqual(6);
      await expect(page.getByText(/已上传 2\/2 个文件/)).toBeVisible();
      await expect(page.getByRole("img", { name: /二维码/ })).toBeVisible();
      await expect(page.getByText(/法定时限/)).toBeVisible();
      await expect(page.getByText("权属证明")).toBeVisible();
      matter = new URL(page.url()).searchParams.get("receipt") ?? "";
      await sound(page, "intake-receipt");
      const seen = await page.evaluate(async (id) => {
        const get = async (path: string) => (await fetch(`/api/v1/matters/${id}${path}`)).json();
        return { of: await get(""), files: await get("/files?limit=1000"), ledger: await get("/ledger") };
      }, matter);
      expect(seen.of.named).toMatchObject({ rights: [RIGHT], links: [LINK] });
      expect(seen.files.files.map((one: { name: string }) => one.name).sort()).toEqual(
        ["夜听.mp3", "投诉举报书.txt"].sort(),
      );
      expect(seen.ledger.parties[0].party).toMatchObject({ roles: ["complainant", "right_holder"], name: HOLDER });
    });

    test("says what is missing with links to the questions, and is the same after the tab was closed", async ({
      page,
    }) => {
      await as(page, CLERK);
      await page.goto("/intake");
      await next(page).click();
      const summary = page.getByRole("alert").filter({ hasText: "请先处理下列问题" });
      await summary.getByRole("link", { name: /权利人/ }).click();
      await expect(page.getByLabel("权利人", { exact: true }).and(page.locator("input[type=text]"))).toBeFocused();
      await sound(page, "intake-faults");
      await fillRight(page);
      await next(page).click();
      await page.getByLabel("侵权链接、账号").fill(`${LINK}\n不是链接`);
      await chooser(page).setInputFiles([file("a.mp3", "ID3"), file("空.mp3", ""), file("b.mp3.crdownload", "x")]);
      await expect(page.getByText(/2 个文件未加入/)).toBeVisible();
      await sound(page, "intake-where");
      await next(page).click();
      await expect(page.getByText(/第 2 行：不是链接/)).toBeVisible();
      await page.waitForTimeout(500);
      // The tab is closed and opened again: what was typed is there, the files are asked for.
      await page.goto("/");
      await page.goto("/intake?step=where");
      await expect(page.getByLabel("侵权链接、账号")).toHaveValue(`${LINK}\n不是链接`);
      await expect(page.getByText(/1 个文件须重新选择/)).toBeVisible();
      await page.getByRole("button", { name: "不再附上" }).click();
      await page.getByRole("button", { name: /去掉这/ }).click();
      await next(page).click();
      await page.getByText("匿名举报").click();
      await sound(page, "intake-who");
      await next(page).click();
      await expect(page.getByRole("link", { name: "修改权利人" })).toBeVisible();
      await sound(page, "intake-check");
      await page.getByRole("link", { name: "修改权利登记号" }).click();
      await expect(page.getByRole("textbox", { name: "权利登记号" })).toHaveValue(RIGHT);
      await page.goBack();
      await expect(page.getByRole("button", { name: "提交", exact: true })).toBeVisible();
      await page.getByRole("button", { name: "提交", exact: true }).click();
      await expect(page.getByText(/件在先办件涉及同一权利/)).toBeVisible();
    });

    test("takes ten thousand pasted rows, names the bad ones and stays quick", async ({ page }) => {
      await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
      await as(page, CLERK);
      await page.goto("/intake");
      await fillRight(page);
      await next(page).click();
      const rows = Array.from({ length: 10_000 }, (_, at) => (at === 77 ? "坏行" : `${LINK}/${at}`)).join("\n");
      await page.evaluate((text) => navigator.clipboard.writeText(text), rows);
      await page.getByLabel("侵权链接、账号").focus();
      const began = Date.now();
      await page.keyboard.press("Control+v");
      await expect(page.getByText("9999 个链接")).toBeVisible();
      await expect(page.getByText("第 78 行：坏行")).toBeVisible();
      expect(Date.now() - began).toBeLessThan(5_000);
    });

    test("is opened once, though the answer got lost, and nothing typed is lost with the line", async ({ page }) => {
      await as(page, CLERK);
      await page.goto("/intake");
      if (await page.getByRole("button", { name: "重新填写" }).isVisible())
        await page.getByRole("button", { name: "重新填写" }).click();
      await fillRight(page);
      await next(page).click();
      await page.getByLabel("侵权链接、账号").fill(`${LINK}/once`);
      await next(page).click();
      await page.getByText("匿名举报").click();
      await next(page).click();
      const numbers: string[] = [];
      let isLost = true;
      await page.route("**/api/v1/matters", async (route) => {
        if (route.request().method() !== "POST") return route.continue();
        const answer = await route.fetch();
        numbers.push(((await answer.json()) as { number: string }).number);
        if (isLost) {
          isLost = false;
          return route.abort("connectionreset");
        }
        return route.fulfill({ response: answer });
      });
      await page.getByRole("button", { name: "提交", exact: true }).click();
      await expect(page.getByText(/连接不到服务器/)).toBeVisible();
      await page.locator("button.ant-btn-primary", { hasText: "提交" }).click();
      await expect(page.getByRole("heading", { name: "已收到您的投诉举报" })).toBeVisible();
      expect(numbers.length).toBe(2);
      expect(new Set(numbers).size).toBe(1);
    });

    test("takes files over a line that breaks, and after the page was left", async ({ page }) => {
      test.skip(matter === "", "the first story opens the matter");
      await as(page, CLERK);
      await page.goto(`/matters/${matter}/evidence`);
      await page.getByRole("button", { name: "上传材料" }).click();
      let broken = 0;
      await page.route("**/api/v1/uploads/*", async (route) => {
        if (route.request().method() === "PATCH" && broken < 2) {
          broken += 1;
          return route.abort("connectionreset");
        }
        return route.continue();
      });
      const content = Buffer.alloc(3 << 20, `${STAMP} `);
      await chooser(page).setInputFiles([file("大文件.bin", content)]);
      await expect(page.getByText(/已上传 1\/1 个文件/)).toBeVisible({ timeout: 30_000 });
      expect(broken).toBe(2);
      await page.unroute("**/api/v1/uploads/*");
      // The line goes for good; the page is left; the same file is chosen again.
      await page.route("**/api/v1/uploads/*", (route) =>
        route.request().method() === "PATCH" && route.request().headers()["upload-offset"] !== "0"
          ? route.abort("connectionreset")
          : route.continue(),
      );
      const other = Buffer.alloc(3 << 20, `${STAMP}-2 `);
      await chooser(page).setInputFiles([file("续传.bin", other)]);
      await expect(page.getByText(/连接中断，自动重试/)).toBeVisible({ timeout: 20_000 });
      await page.unroute("**/api/v1/uploads/*");
      page.on("dialog", (dialog) => void dialog.accept());
      await page.goto(`/matters/${matter}/evidence`);
      await page.getByRole("button", { name: "上传材料" }).click();
      await expect(page.getByText(/1 个文件上次未传完/)).toBeVisible();
      await chooser(page).setInputFiles([file("续传.bin", other)]);
      await expect(page.getByText(/从 .* 处续传/)).toBeVisible({ timeout: 20_000 });
      await expect(page.getByText(/已上传 1\/1 个文件/)).toBeVisible({ timeout: 30_000 });
      await expect(page.getByRole("button", { name: "续传.bin", exact: true })).toBeVisible();
      await sound(page, "evidence");
    });

    test("shows a file as text that would like to be a page, and withdraws it with a reason", async ({ page }) => {
      test.skip(matter === "", "the first story opens the matter");
      await as(page, CLERK);
      await page.goto(`/matters/${matter}/evidence`);
      await page.getByRole("button", { name: "上传材料" }).click();
      await chooser(page).setInputFiles([file("页面.html", "<script>window.seized = true</script><h1>假</h1>")]);
      await page.getByRole("button", { name: "页面.html", exact: true }).click();
      await expect(page.getByText("<script>window.seized = true</script>")).toBeVisible();
      expect(await page.evaluate(() => "seized" in window)).toBe(false);
      await sound(page, "evidence-file");
      await page.getByRole("button", { name: "撤回", exact: true }).click();
      await page.getByLabel("撤回理由").fill("误传");
      await page.getByRole("button", { name: "撤回", exact: true }).click();
      await expect(page.getByText("误传")).toBeVisible();
    });
  });

test.describe("verification", () => {
  /** The bundle of a matter that the handler may take copies of, made through the page. */
  async function bundle(page: Page): Promise<Buffer> {
    await as(page, HANDLER);
    const matter = await page.evaluate(async () => {
      const { matters } = await (await fetch("/api/v1/matters?limit=50")).json();
      for (const one of matters as { id: string; handlers?: string[] }[]) {
        const { files } = await (await fetch(`/api/v1/matters/${one.id}/files?limit=10`)).json();
        if (one.handlers && (files ?? []).some((found: { receipt?: unknown }) => found.receipt)) return one.id;
      }
      return "";
    });
    test.skip(matter === "", "the handler has no matter with files");
    await page.goto(`/matters/${matter}/evidence`);
    await page.getByRole("button", { name: "制作证据包" }).click();
    await page.getByRole("button", { name: "制作", exact: true }).click();
    await expect(page.getByText(/已制成，并已自行核验/)).toBeVisible({ timeout: 60_000 });
    await sound(page, "evidence-bundle");
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "下载", exact: true }).click();
    return readFileSync(await (await saving).path());
  }

  test("of a bundle: every question, in at most two clicks, without a request", async ({ page }) => {
    const bytes = await bundle(page);
    await page.goto("/");
    const count = await clicks(page, async () => {
      await page.getByRole("link", { name: "证据核验" }).click();
      await page.getByRole("heading", { name: "证据核验" }).waitFor();
      await settled(page);
      const asked: string[] = [];
      page.on("request", (request) => {
        if (request.method() !== "GET") asked.push(request.url());
      });
      const choosing = page.waitForEvent("filechooser");
      await page.getByRole("button", { name: "选择文件" }).click();
      await (await choosing).setFiles([file("case.qne.zip", bytes)]);
      await expect(page.getByText("能够进行的检查均未发现不符")).toBeVisible({ timeout: 60_000 });
      expect(asked).toEqual([]);
    });
    expect(count).toBeLessThanOrEqual(2);
    const row = (name: string) => page.getByRole("row", { name: new RegExp(name) }).first();
    for (const name of ["证据包是否完整", "原件是否为存证的文件", "存证是否在日志中", "日志是否签署", "保管链是否完整"])
      await expect(row(name)).toContainText("通过");
    for (const name of ["日志公钥是否可信", "是否有第三方见证", "时间是否可信"])
      await expect(row(name)).toContainText("未核验");
    await sound(page, "verify-bundle");
    // A byte of an original, and the checksum that says so.
    const other = Buffer.from(bytes);
    other[200] = (other[200] as number) ^ 1;
    await chooser(page).setInputFiles([file("case.qne.zip", other)]);
    await expect(page.getByText("本证据包未通过核验")).toBeVisible({ timeout: 60_000 });
    await sound(page, "verify-bad");
  });

  test("of a file: its digests, and whether they are those that were given", async ({ page }) => {
    await as(page, HANDLER, "en");
    await page.goto(`${home()}/verify?lang=en`);
    await chooser(page).setInputFiles([file("abc.txt", "abc")]);
    await expect(page.getByText("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")).toBeVisible();
    await page.getByLabel(/Digest or receipt/).fill("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    await expect(page.getByText(/✓\s*OK/)).toBeVisible();
    await page.getByLabel(/Digest or receipt/).fill("0".repeat(64));
    await expect(page.getByText(/✗\s*FAILED/)).toBeVisible();
    await sound(page, "verify-file-en");
  });
});
