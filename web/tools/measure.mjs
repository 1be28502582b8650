// What the first view costs: bytes of script over the wire, and how long until it can be used, with a processor four times slower.
//
// In:  QUANLIAN_URL, a platform that runs (`quanlian demo --serve`); CHROMIUM; how often (5).
// Out: one line of JSON for each person: the median of the runs, an empty cache each time.
import { chromium } from "@playwright/test";

const home = process.env.QUANLIAN_URL ?? "http://127.0.0.1:7390";
const runs = Number(process.argv[2] ?? 5);
const PASSWORD = process.env.QUANLIAN_PASSWORD ?? "lantern-river-quilt-7";
const SLOWER = 4;
const median = (of) => of.sort((a, b) => a - b)[Math.floor(of.length / 2)];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});

/** One view with an empty cache: bytes by kind, and milliseconds until `ready` is there and the thread has a quiet half second behind it. */
async function view(login, path, ready) {
  const context = await browser.newContext({ viewport: { width: 1366, height: 900 }, locale: "zh-CN" });
  const page = await context.newPage();
  if (login) {
    const answer = await context.request.post(`${home}/api/v1/session`, { data: { login, password: PASSWORD } });
    if (!answer.ok()) throw new Error(`sign-in of ${login}: ${answer.status()}`);
  }
  const cdp = await context.newCDPSession(page);
  await cdp.send("Network.enable");
  await cdp.send("Network.setCacheDisabled", { cacheDisabled: true });
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
  const kinds = new Map();
  const bytes = { Script: 0, all: 0 };
  cdp.on("Network.responseReceived", ({ requestId, type }) => kinds.set(requestId, type));
  cdp.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    bytes.all += encodedDataLength;
    if (kinds.get(requestId) === "Script") bytes.Script += encodedDataLength;
  });
  await page.addInitScript(() => {
    const long = [];
    new PerformanceObserver((list) => {
      for (const one of list.getEntries()) long.push(one.startTime + one.duration);
    }).observe({ type: "longtask", buffered: true });
    Object.assign(window, { longTasks: long });
  });
  await page.goto(home + path, { waitUntil: "commit" });
  await page.waitForSelector(ready);
  const shown = await page.evaluate(() => performance.now());
  await page.waitForLoadState("networkidle");
  await page.waitForTimeout(500);
  // As Lighthouse does it: the end of the last long task, or when the content stood there.
  const last = await page.evaluate(() => Math.max(0, ...window.longTasks));
  await context.close();
  return { script: bytes.Script, all: bytes.all, shown, interactive: Math.max(shown, last) };
}

for (const [who, login, path, ready] of [
  ["sign-in", undefined, "/", "input[type=password]"],
  ["handler", "li", "/", ".light-cards"],
  ["head", "wang", "/", ".light-cards"],
  ["right holder", "lin", "/", "h1"],
]) {
  const seen = [];
  for (let run = 0; run < runs; run += 1) seen.push(await view(login, path, ready));
  const of = (key) => Math.round(median(seen.map((one) => one[key])));
  console.log(
    JSON.stringify({
      who,
      runs,
      script_kb: of("script") / 1000,
      all_kb: of("all") / 1000,
      shown_ms: of("shown"),
      interactive_ms: of("interactive"),
      slower: SLOWER,
    }),
  );
}
await browser.close();
