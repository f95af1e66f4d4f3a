// Walks the gateway's pages as a recipient does, in headless Chromium. One argument: what to do, as JSON; prints what was
// seen, as JSON. Fails with a word about what was not there.
import { createRequire } from "node:module";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

const require = createRequire(process.env.WALK_MODULES + "/");
const { chromium } = require("playwright-core");
const axe = require.resolve("axe-core/axe.min.js");
const plan = JSON.parse(process.argv[2]);
const DEADLINE = 90_000;

const sum = (path) => new Promise((good, bad) => {
  const hash = createHash("sha256");
  createReadStream(path).on("data", (bytes) => hash.update(bytes)).on("end", () => good(hash.digest("hex"))).on("error", bad);
});

async function accessible(browser, url, steps) {
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  await page.goto(url);
  if (steps) await steps(page);
  await page.addScriptTag({ path: axe });
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  await context.close();
  return violations.map((one) => `${url.split("/")[3]}: ${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`);
}

const unlock = async (page, password) => {
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Continue" }).click();
};

const until = async (page, done, what) => {
  const end = Date.now() + DEADLINE;
  while (!done()) {
    if (Date.now() > end) throw new Error(`no ${what}`);
    await page.waitForTimeout(20);
  }
};

// As slow as that, in bytes a second, or as fast as it goes.
const throttling = async (context, page) => {
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  return (bytes) => session.send("Network.emulateNetworkConditions",
    { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytes });
};

const counted = (page) => {
  const count = { put: 0, arrived: 0 };
  page.on("request", (request) => { if (request.method() === "PUT") count.put += 1; });
  page.on("response", (answer) => { if (answer.request().method() === "PUT" && answer.ok()) count.arrived += 1; });
  return count;
};

const arrived = (page, count) => page.locator("#list .done").nth(count - 1).waitFor({ timeout: DEADLINE });

const walks = {
  // A folder, dropped as from a file manager.
  async dropped(browser) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(plan.url);
    const box = await page.locator("#target").boundingBox();
    const session = await context.newCDPSession(page);
    const data = { items: [], files: [plan.folder], dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"]) {
      await session.send("Input.dispatchDragEvent",
        { type, x: box.x + box.width / 2, y: box.y + box.height / 2, data });
    }
    await arrived(page, plan.count);
    return { rows: await page.locator("#list li").count() };
  },

  // The last part's URL is answered only after the file was paused.
  async pause(browser) {
    const page = await (await browser.newContext()).newPage();
    const count = counted(page);
    let held = null;
    await page.route("**/parts", (route) => {
      if (held || !route.request().postDataJSON().parts?.includes(plan.parts)) return route.continue();
      held = route;
    });
    await page.goto(plan.url);
    await page.locator("#files").setInputFiles(plan.file);
    await until(page, () => held && count.arrived === plan.parts - 1, "progress");
    await page.getByRole("button", { name: "Pause" }).click();
    await page.locator("#list .state", { hasText: "paused" }).waitFor();
    count.put = 0;
    await Promise.all([page.waitForResponse("**/parts"), held.continue()]);
    // A frame later whatever the answer sets off has been set off.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
    const whilePaused = count.put;
    await page.getByRole("button", { name: "Go on" }).click();
    await arrived(page, 1);
    return { whilePaused, put: count.put };
  },

  // The beginning is refused for a while, and the answer to the completion is lost once.
  async insist(browser) {
    const page = await (await browser.newContext()).newPage();
    const count = counted(page);
    const asked = { start: 0, complete: 0 };
    await page.route("**/start", (route) => {
      asked.start += 1;
      return asked.start > 1 ? route.continue() : route.fulfill({ status: 503, json: { error: "away" } });
    });
    await page.route("**/complete", async (route) => {
      asked.complete += 1;
      if (asked.complete > 1) return route.continue();
      await route.fetch();
      return route.abort();
    });
    await page.goto(plan.url);
    await page.locator("#files").setInputFiles(plan.file);
    await arrived(page, 1);
    if (asked.start !== 2 || asked.complete !== 2) throw new Error(`asked ${JSON.stringify(asked)}`);
    return { put: count.put };
  },

  // It was completed, nothing said so, and the page was loaded anew.
  async done(browser) {
    const page = await (await browser.newContext()).newPage();
    const count = counted(page);
    let lost = false;
    await page.route("**/complete", async (route) => {
      await route.fetch();
      lost = true;
      return route.abort();
    });
    await page.goto(plan.url);
    await page.locator("#files").setInputFiles(plan.file);
    await until(page, () => lost, "completion");
    page.on("dialog", (dialog) => dialog.accept());
    await page.reload();
    await page.getByText("choose the same file again").first().waitFor();
    await page.locator("#files").setInputFiles(plan.file);
    await arrived(page, 1);
    return { put: count.put };
  },

  async download(browser) {
    const context = await browser.newContext({ acceptDownloads: true });
    const page = await context.newPage();
    const problems = [];
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    await page.goto(plan.url);
    await unlock(page, "wrong");
    await page.getByRole("alert").waitFor();
    await unlock(page, plan.password);
    await page.getByText(plan.name).first().waitFor();
    const sums = [];
    for (let again = 0; again < 2; again += 1) {
      const [download] = await Promise.all([
        page.waitForEvent("download"), page.getByRole("button", { name: "Download" }).click(),
      ]);
      sums.push(await sum(await download.path()));
      if (download.suggestedFilename() !== plan.name) throw new Error(`saved as ${download.suggestedFilename()}`);
    }
    // Somebody else comes after the last download.
    const other = await (await browser.newContext()).newPage();
    await other.goto(plan.url);
    await unlock(other, plan.password);
    const refused = await other.locator("h1").textContent();
    // A phone.
    await page.setViewportSize({ width: 360, height: 640 });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    return { sums, refused, overflow, problems: problems.filter((text) => !/40[34]|410/.test(text)) };
  },

  async kit(browser) {
    const page = await (await browser.newContext()).newPage();
    const problems = [];
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    await page.goto(plan.url);
    await page.locator("#file").setInputFiles(plan.wrong);
    await page.getByText("Is it the right one?").waitFor();
    // The first part is refused once: it is sent again.
    let put = 0, refused = 0;
    await page.route("**", (route) => {
      if (route.request().method() !== "PUT") return route.continue();
      put += 1;
      if (put > 1) return route.continue();
      refused += 1;
      return route.fulfill({ status: 503, headers: { "access-control-allow-origin": "*" } });
    });
    await page.locator("#file").setInputFiles(plan.file);
    await page.getByText("Everything has arrived").waitFor({ timeout: DEADLINE });
    // Who opens the page again is told so, and nothing is sent twice.
    const before = put;
    await page.reload();
    await page.locator("#file").setInputFiles(plan.file);
    await page.getByText("Everything has arrived").waitFor({ timeout: DEADLINE });
    return { put: before - refused, again: put - before, problems: problems.filter((text) => !/503/.test(text)) };
  },

  async send(browser) {
    const page = await (await browser.newContext()).newPage();
    const problems = [];
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    await page.goto(plan.url);
    await page.locator("#file").setInputFiles(plan.file);
    await page.getByText("Everything has arrived").waitFor({ timeout: DEADLINE });
    return { problems };
  },

  async title(browser) {
    const page = await (await browser.newContext({ locale: plan.locale || "en" })).newPage();
    await page.goto(plan.url);
    return { title: await page.locator("h1").textContent() };
  },

  async accessible(browser) {
    const found = [];
    for (const one of plan.pages) {
      for (const colorScheme of ["light", "dark"]) {
        found.push(...await accessible(browser, one.url, async (page) => {
          await page.emulateMedia({ colorScheme });
          if (one.password) await unlock(page, one.password);
        }));
      }
    }
    return { violations: found };
  },

  async upload(browser) {
    const context = await browser.newContext();
    const page = await context.newPage();
    // Slow enough that the page is loaded anew in the middle.
    const throttle = await throttling(context, page);
    await throttle(40e6);
    // Parts that have arrived by the time of the reload.
    let arrivedBefore = 0;
    const count = (answer) => { if (answer.request().method() === "PUT" && answer.ok()) arrivedBefore += 1; };
    page.on("response", count);
    await page.goto(plan.url);
    await page.locator("#files").setInputFiles(plan.files);
    await until(page, () => arrivedBefore >= 3, "progress");
    page.off("response", count);
    page.on("dialog", (dialog) => dialog.accept());
    await page.reload();
    await page.getByText("choose the same file again").first().waitFor();
    await throttle(-1);
    let put = 0;
    const answers = [];
    page.on("response", (answer) => answers.push(`${answer.status()} ${new URL(answer.url()).pathname}`));
    page.on("requestfailed", (request) => answers.push(`${request.failure().errorText} ${new URL(request.url()).pathname}`));
    page.on("request", (request) => { if (request.method() === "PUT") put += 1; });
    await page.locator("#files").setInputFiles(plan.files);
    await arrived(page, plan.files.length).catch(async () => {
      throw new Error(`it did not arrive: ${await page.locator("#list").innerText()}; ${answers.slice(-9).join(" ")}`);
    });
    return { put, arrivedBefore };
  },
};

const browser = await chromium.launch({ executablePath: plan.chromium, args: ["--no-sandbox"] });
try {
  console.log(JSON.stringify(await walks[plan.walk](browser)));
} finally {
  await browser.close();
}
