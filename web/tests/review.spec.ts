// Matches are reviewed by keys, what the law says of a matter is seen in two clicks, procedures are drawn: on material that this makes.
import type { Page } from "@playwright/test";
import { as, clicks, expect, home, settled, sound, test } from "./harness";

const TEXT = [
  "天还没有亮透，江面上浮着一层薄薄的雾。老船工把缆绳从石桩上解下来，动作很慢，像是怕惊醒了什么。",
  "他在这条江上撑了四十年的船，哪一处水急，哪一处有暗礁，闭着眼也说得出来。",
  "可是今天他看着江水，心里却有些拿不定主意。上游新修了一座大桥，据说下个月就要通车。",
  "到那时候，过江的人坐上汽车，不过是抽一支烟的工夫，谁还会来坐他的渡船呢。",
].join("\n");

interface Material {
  kind: "work" | "suspect";
  name: string;
  base64: string;
}

/** Random notes, as eight-bit sound; the same seed gives the same tune. */
function tune(seed: number, seconds: number, from = 0): Buffer {
  const rate = 8000;
  let state = seed;
  const random = () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
  const notes = Array.from({ length: 400 }, () => 220 * 2 ** (Math.floor(random() * 30) / 12));
  const samples = Buffer.alloc(seconds * rate);
  for (let at = 0; at < samples.length; at += 1) {
    const time = at / rate + from;
    const note = notes[Math.floor(time / 0.2) % notes.length] ?? 440;
    const fade = 1 - ((time % 0.2) / 0.2) * 0.7;
    const wave = Math.sin(2 * Math.PI * note * time) + 0.5 * Math.sin(4 * Math.PI * note * time);
    samples[at] = 128 + Math.round(wave * fade * 60);
  }
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write("data", 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

/** A matter with this material, compared; its id. */
async function compared(page: Page, title: string): Promise<string> {
  const text = (kind: Material["kind"], name: string, content: string): Material => ({
    kind,
    name,
    base64: Buffer.from(content).toString("base64"),
  });
  const material: Material[] = [
    text("work", "江.txt", `序\n${TEXT}\n完`),
    text("suspect", "转载.txt", `编者按\n${TEXT.replaceAll("老船工", "老渔夫")}\n版权所有`),
    { kind: "work", name: "曲.wav", base64: tune(7, 40).toString("base64") },
    { kind: "suspect", name: "录音.wav", base64: tune(7, 20, 10).toString("base64") },
  ];
  return page.evaluate(
    async ({ material, title }) => {
      const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
        const answer = await fetch(path, {
          method,
          headers: { ...(body ? { "Content-Type": "application/json" } : {}), ...headers },
          ...(body ? { body: JSON.stringify(body) } : {}),
        });
        if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
        return answer.json();
      };
      const matter = await ask("POST", "/api/v1/matters", {
        procedure: "complaint-intake",
        title,
        given: { facts: { subject: { text: "copyright" } }, papers: { complaint_letter: "来信第7号" } },
      });
      for (const { kind, name, base64 } of material) {
        const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
        const upload = await ask("POST", `/api/v1/matters/${matter.id}/uploads`, {
          kind,
          name,
          size_bytes: bytes.length,
        });
        const sent = await fetch(`/api/v1/uploads/${upload.id}`, {
          method: "PATCH",
          headers: {
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": "0",
            "Tus-Resumable": "1.0.0",
          },
          body: bytes,
        });
        if (sent.status !== 204) throw new Error(`${name}: ${sent.status} ${await sent.text()}`);
      }
      return matter.id as string;
    },
    { material, title },
  );
}

const LOGIN = process.env.QUANLIAN_CLERK ?? "zhou";

test.describe("review", () => {
  test("matches are judged by one key each, stored before they are shown, and taken back", async ({ page }) => {
    await as(page, LOGIN);
    const id = await compared(page, "比对复核测试");
    await page.goto(`${home()}/matters/${id}/review`);
    await page.getByRole("button", { name: "立即比对" }).click();
    await expect(page.getByText("还剩 2 对待复核").first()).toBeVisible({ timeout: 60_000 });
    const title = page.getByRole("heading", { level: 2 });
    await expect(title).toContainText("↔");
    const first = (await title.textContent()) ?? "";

    const acts = await clicks(page, async () => {
      const stored = page.waitForResponse((one) => one.url().endsWith("/ledger") && one.request().method() === "POST");
      await page.keyboard.press("c");
      expect((await stored).status()).toBe(200);
      await expect(page.getByText("还剩 1 对待复核").first()).toBeVisible();
    });
    expect(acts).toBe(0);
    await expect(title).not.toHaveText(first);
    // A reason that is typed with signs that are keys as well is a reason.
    await page.getByRole("textbox", { name: "理由（可不填）" }).fill("rcu 听辨不同");
    await page.getByRole("textbox", { name: "理由（可不填）" }).press("j");
    await expect(page.getByRole("textbox", { name: "理由（可不填）" })).toHaveValue("rcu 听辨不同j");
    await page.getByRole("button", { name: /^排除/ }).click();
    await expect(page.getByText("全部复核完毕")).toBeVisible();
    await title.focus();
    await page.keyboard.press("u");
    await expect(page.getByText("还剩 1 对待复核").first()).toBeVisible();
    await page.reload();
    await expect(page.getByText("还剩 1 对待复核").first()).toBeVisible();
    await title.focus();
    await page.keyboard.press("?");
    await expect(page.getByRole("dialog")).toContainText("快捷键");
    await page.keyboard.press("Escape");
  });

  test("sound is drawn and heard in step, text is aligned", async ({ page }) => {
    await as(page, LOGIN);
    const id = await compared(page, "比对对照测试");
    await page.goto(`${home()}/matters/${id}/review`);
    await page.getByRole("button", { name: "立即比对" }).click();
    await expect(page.getByText("还剩 2 对待复核").first()).toBeVisible({ timeout: 60_000 });

    await page.getByRole("button", { name: /录音\.wav/ }).click();
    await expect(page.getByRole("img", { name: "曲.wav 的波形" })).toBeVisible();
    await expect(page.getByRole("button", { name: /第 1 处/ })).toHaveCount(2);
    await page.getByRole("heading", { level: 2 }).focus();
    await page.keyboard.press("Space");
    await expect(page.getByRole("button", { name: "暂停" })).toBeVisible();
    await page.waitForTimeout(1500);
    const [one, other] = await page.evaluate(() =>
      [...document.querySelectorAll("audio")].map((sound) => sound.currentTime),
    );
    // The suspect begins ten seconds into the work.
    expect(Math.abs((other ?? 0) - (one ?? 0) - 10)).toBeLessThan(0.5);
    await page.keyboard.press("Space");
    await sound(page, "review-sound");

    await page.getByRole("button", { name: /转载\.txt/ }).click();
    await expect(page.locator("mark").first()).toHaveText(/渔夫|船工/);
    await sound(page, "review-text");
    await page.goto(`${home()}/matters/${id}/matches?lang=en`);
    await expect(page.getByRole("link", { name: "转载.txt" })).toBeVisible();
    await sound(page, "matches");
  });
});

test("why a case is over the line, in two clicks from home, with article and evidence", async ({ page }) => {
  await as(page, LOGIN);
  const title = `法律评估测试 ${Date.now()}`;
  const id = await compared(page, title);
  await page.goto(`${home()}/matters/${id}/law`);
  await page.getByRole("combobox", { name: "罪名" }).click();
  await page.getByTitle(/侵犯著作权罪/).click();
  await page.getByRole("radio", { name: "自然人" }).check();
  for (const [label, day] of [
    ["行为开始日", "2022-05-01"],
    ["行为终了日", "2023-04-30"],
    ["裁判日或者拟决定日", "2024-12-20"],
  ] as const) {
    await page.getByRole("textbox", { name: label }).fill(day);
    await page.getByRole("textbox", { name: label }).press("Enter");
  }
  await page.getByRole("button", { name: "增加事实" }).click();
  await page.getByRole("combobox", { name: "事实", exact: true }).click();
  await page.getByTitle("违法所得", { exact: true }).click();
  await page.getByRole("textbox", { name: /违法所得/ }).fill("about");
  await page.getByRole("button", { name: "评估", exact: true }).click();
  await expect(page.getByText("不是金额").first()).toBeVisible();
  await page.getByRole("textbox", { name: /违法所得/ }).fill("７.2万");
  await page.getByRole("button", { name: "评估", exact: true }).click();
  await expect(page.getByText(/违法所得 72,000\.00 元，标准 30,000\.00 元/)).toBeVisible({ timeout: 60_000 });
  await sound(page, "assessment");

  await page.goto(home());
  await settled(page);
  const used = await clicks(page, async () => {
    // The workbench lists what is due first; whatever is further down is found by its title.
    await page.locator("header").getByRole("combobox").fill(title);
    await settled(page);
    await page.locator(".ant-select-item-option", { hasText: title }).click();
    await page.getByRole("tab", { name: "法律评估" }).click();
    await expect(page.getByText("结论", { exact: true })).toBeVisible();
  });
  expect(used).toBeLessThanOrEqual(2);
  await page.goto(`${home()}/matters/${id}/law`);
  const line = page.locator(".reason", { hasText: "72,000.00 元，标准 30,000.00 元" }).last();
  await line.getByRole("button").first().focus();
  await expect(page.getByRole("tooltip")).toContainText("已与法律文件原文核对");
  await expect(line.getByRole("link", { name: "case.json" })).toBeVisible();
});

test("a procedure is drawn, and its table holds the same", async ({ page }) => {
  await as(page, LOGIN, "en");
  await page.goto(`${home()}/procedures?id=criminal-transfer`);
  await expect(page.getByRole("heading", { name: "Transfer of a suspected crime" })).toBeVisible();
  await page.getByRole("button", { name: /before the head/ }).click();
  await expect(page.getByRole("heading", { name: /Acts in “before the head”/ })).toBeVisible();
  await sound(page, "procedure");
});
