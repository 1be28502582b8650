// Figures and administration: from a number to its matters, what is shown once, what two people change at a time, what somebody may not.
import { readFileSync } from "node:fs";
import { unzipSync } from "fflate";
import { as, clicks, expect, home, sound, test } from "./harness";

const EVERYTHING = "all=1";

test("from a number of the dashboard to one of its matters in two clicks", async ({ page }) => {
  await as(page, "wang");
  await page.goto(`${home()}/indicators?${EVERYTHING}`);
  const number = page.getByRole("link", { name: /^新收办件数: / });
  await expect(number).toBeVisible();
  const made = await clicks(page, async () => {
    await number.click();
    await page.locator(".figure-rows tbody a.number").first().click();
    await page.waitForURL(/\/matters\/[0-9a-f-]{36}/);
  });
  expect(made).toBeLessThanOrEqual(2);
});

test("an indicator has its chart, an equal table, its definition and files of it", async ({ page }) => {
  await as(page, "wang");
  await page.goto(`${home()}/indicators/matters-opened?${EVERYTHING}&by=procedure`);
  await expect(page.locator("canvas")).toBeVisible();
  await expect(page.getByRole("heading", { name: "定义与来源" })).toBeVisible();
  await expect(page.getByText("来源：").first()).toBeVisible();
  await sound(page, "indicator");

  const whole = page.waitForEvent("download");
  await page.getByRole("button", { name: /下载 CSV/ }).click();
  const ofServer = readFileSync(await (await whole).path(), "utf8");
  expect(ofServer).toContain("indicator,version,unit");

  const saved = page.waitForEvent("download");
  await page.locator(".page-head").getByRole("button", { name: "导出" }).click();
  await page.getByRole("menuitem", { name: /XLSX/ }).click();
  const files = unzipSync(new Uint8Array(readFileSync(await (await saved).path())));
  const sheet = new TextDecoder().decode(files["xl/worksheets/sheet1.xml"]);
  expect(sheet).toContain("投诉举报受理");
  expect(sheet).not.toContain("<f>");
});

test("a figure that lacks something says so loudly", async ({ page }) => {
  await as(page, "wang");
  await page.route("**/api/v1/indicators/matters-opened?*", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ json: { ...(await answer.json()), missing: 3, is_complete: false } });
  });
  await page.goto(`${home()}/indicators/matters-opened?${EVERYTHING}`);
  await expect(page.getByText("另有 3 条缺少数据，未计入")).toBeVisible();
  await expect(page.getByText(/尚不完整/)).toBeVisible();
});

test("a list is filtered by its address, kept under a name and taken out", async ({ page }) => {
  await as(page, "li");
  await page.goto(`${home()}/matters?status=closed`);
  await expect(page.getByText(/共 \d+ 件/)).toBeVisible();
  await page.getByRole("button", { name: "常用筛选" }).click();
  await page.getByLabel("为当前筛选命名").fill("已办结的");
  await page.getByRole("button", { name: "保存" }).click();
  await page.goto(`${home()}/matters`);
  await page.getByRole("button", { name: "常用筛选" }).click();
  await page.getByRole("link", { name: "已办结的" }).click();
  await expect(page).toHaveURL(/status=closed/);
  await page.getByRole("button", { name: /最近到期/ }).click();
  await expect(page).toHaveURL(/sort=due.*direction=ascending|direction=ascending.*sort=due/);
  await page.goBack();
  await expect(page).not.toHaveURL(/sort=due/);

  const saved = page.waitForEvent("download");
  await page.locator(".page-head").getByRole("button", { name: "导出" }).click();
  await page.getByRole("menuitem", { name: /CSV/ }).click();
  const text = readFileSync(await (await saved).path(), "utf8");
  expect(text.startsWith("\ufeff办件编号,")).toBe(true);
  expect(text.trim().split("\r\n").length).toBeGreaterThan(1);
});

test("an account is made, and a change of two people at once loses nothing", async ({ page }) => {
  await as(page, "root");
  await page.goto(`${home()}/accounts`);
  const login = `zz-${Date.now().toString(36)}`;
  await page.getByRole("button", { name: "新建用户" }).click();
  const drawer = page.getByRole("dialog");
  await drawer.getByRole("combobox", { name: "机关" }).click();
  await page.locator(".ant-select-item-option").first().click();
  await drawer.getByLabel("姓名").fill("试用人员");
  await drawer.getByLabel("登录名").fill(login);
  await drawer.getByRole("combobox", { name: "岗位" }).fill("承办人");
  await page.locator(".ant-select-item-option:visible").first().click();
  await drawer.getByRole("button", { name: "随机生成" }).click();
  await drawer.getByRole("button", { name: "建立" }).click();
  const once = page.getByRole("dialog", { name: "初始密码" });
  await expect(once.locator("code")).toHaveText(/^[a-z0-9]{5}(-[a-z0-9]{5}){3}$/);
  await expect(once.getByRole("button", { name: "关闭" })).toBeDisabled();
  await once.getByRole("checkbox").check();
  await once.getByRole("button", { name: "关闭" }).click();

  await page.getByRole("button", { name: login }).click();
  const edit = page.getByRole("dialog", { name: new RegExp(login) });
  await edit.getByLabel("姓名").fill("改过的名字");
  // Somebody else writes first.
  await page.evaluate(async (wanted) => {
    const all = (await (await fetch("/api/v1/accounts?limit=200")).json()) as {
      id: string;
      login: string;
      name: string;
      roles: string[];
      version: number;
    }[];
    const one = all.find((each) => each.login === wanted);
    if (!one) throw new Error("no such account");
    await fetch(`/api/v1/accounts/${one.id}`, {
      method: "PUT",
      headers: { "Content-Type": "application/json", "If-Match": `"${one.version}"` },
      body: JSON.stringify({ name: "他人所改", roles: one.roles, state: "active" }),
    });
  }, login);
  await edit.getByRole("button", { name: "保存" }).click();
  await expect(edit.getByText(/他人刚刚更改了此用户/)).toBeVisible();
  await expect(edit.getByLabel("姓名")).toHaveValue("改过的名字");
  await edit.getByRole("button", { name: "载入最新内容" }).click();
  await expect(edit.getByLabel("姓名")).toHaveValue("他人所改");
});

test("a webhook shows its secret once, and says what is wrong with an address", async ({ page }) => {
  await as(page, "root");
  await page.goto(`${home()}/webhooks`);
  await page.getByRole("button", { name: "新增地址" }).click();
  const dialog = page.getByRole("dialog", { name: "新增地址" });
  await dialog.getByRole("textbox", { name: "地址" }).fill("https://169.254.169.254/latest");
  await dialog.getByRole("button", { name: "保存" }).click();
  await expect(dialog.getByRole("alert").first()).toBeVisible();
  await expect(dialog.getByRole("textbox", { name: "地址" })).toHaveValue("https://169.254.169.254/latest");
  await dialog.getByRole("textbox", { name: "地址" }).fill(`https://receiver.example.cn/${Date.now()}`);
  await dialog.getByRole("button", { name: "保存" }).click();
  const once = page.getByRole("dialog", { name: "签名密钥" });
  await expect(once.locator("code")).toHaveText(/^whsec_/);
  await once.getByRole("checkbox").check();
  await once.getByRole("button", { name: "关闭" }).click();
  await sound(page, "webhooks");
});

test("the chain of the trail is checked, and a line is looked at", async ({ page }) => {
  await as(page, "shi");
  await page.goto(`${home()}/audit?action=sign_in`);
  await page.locator(".audit-open").first().click();
  await expect(page.getByRole("dialog", { name: "审计记录" }).getByText("sign_in").first()).toBeVisible();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "核验审计链" }).click();
  await page.getByRole("button", { name: "开始核验" }).click();
  await expect(page.getByText(/完好：已核验全部/)).toBeVisible({ timeout: 60_000 });
  await sound(page, "audit-check");
});

test("names are asked about with a purpose, fifty at most", async ({ page }) => {
  await as(page, "fan");
  await page.goto(`${home()}/hits`);
  await page.getByLabel("链接").fill(Array.from({ length: 51 }, (_, at) => `https://example.cn/${at}`).join("\n"));
  await page.getByLabel("事由").fill("核查线索");
  await expect(page.getByText(/共 51 个名称/)).toBeVisible();
  await expect(page.getByRole("button", { name: "查询", exact: true })).toBeDisabled();
  await page.getByLabel("链接").fill("https://example.cn/1");
  await page.getByRole("button", { name: "查询", exact: true }).click();
  await expect(page.getByRole("heading", { name: "查询结果" })).toBeVisible();
  await sound(page, "hits-answer");
});

test("the second factor is drawn here and asked for nowhere else", async ({ page }) => {
  await as(page, "zhou");
  await page.goto(`${home()}/account`);
  await page.getByRole("button", { name: "开启" }).click();
  await expect(page.getByRole("img", { name: "供验证器扫描的二维码" })).toBeVisible();
  await page.getByLabel("六位数字").fill("000000");
  await page.getByRole("button", { name: "确认开启" }).click();
  await expect(page.getByText("验证码不对或者已过时，请用下一个。")).toBeVisible();
  await sound(page, "second-factor");
});

test("who administers sees administration, who audits the trail, and neither a matter", async ({ page }) => {
  for (const [login, shown, hidden] of [
    ["root", ["用户", "机关与内设机构", "通知外发"], ["办件", "审计", "指标", "跨机关查重"]],
    ["shi", ["审计"], ["办件", "用户", "通知外发", "指标"]],
  ] as const) {
    await as(page, login);
    const nav = page.getByRole("navigation", { name: "主导航" });
    for (const name of shown) await expect(nav.getByRole("link", { name, exact: true })).toBeVisible();
    for (const name of hidden) await expect(nav.getByRole("link", { name, exact: true })).toHaveCount(0);
  }
  // Who goes there by its address is told why not.
  await page.goto(`${home()}/accounts`);
  await expect(page.getByText(/您的岗位不允许此操作/)).toBeVisible();
});
