import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { example, launch, withReportFile } from "./browser.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });

/** Opens the report and fails on any error of the page or request to the outside. */
async function open(report, options, use) {
  await withReportFile(report, async (url) => {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const troubles = [];
    page.on("pageerror", (e) => troubles.push(String(e)));
    page.on("console", (m) => { if (m.type() === "error") troubles.push(m.text()); });
    page.on("request", (r) => { if (!r.url().startsWith("file:")) troubles.push(`request to ${r.url()}`); });
    await page.goto(url);
    await use(page);
    await context.close();
    assert.deepEqual(troubles, []);
  });
}

test("says first which model is best, how good it is and what it costs", async () => {
  await open(await example(), {}, async (page) => {
    const verdict = await page.locator(".verdict").innerText();
    assert.match(verdict, /smollm2-135m, fine-tuned/);
    assert.match(verdict, /94\.5\s%/);
    assert.match(verdict, /130 times less than production/);
    assert.match(verdict, /Worth a look: the lower 95 % bound .* production answers\./);
    assert.equal(await page.title(), "router \u2013 Flywheel report");
  });
});

test("fits a phone without scrolling sideways, in the light and in the dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    await open(await example(), { viewport: { width: 375, height: 812 }, colorScheme }, async (page) => {
      const [wide, shown] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
      assert.ok(wide <= shown, `the page is ${wide} wide on a screen of ${shown}`);
      const cut = await page.evaluate(() => [...document.querySelectorAll(".scroll")].filter((e) => e.scrollWidth > e.clientWidth).length);
      assert.equal(cut, 0, "tables are cut off");
      const heights = await page.evaluate(() => [...document.querySelectorAll(".plot text")]
        .map((t) => t.getBoundingClientRect().height).filter((h) => h > 0));
      assert.ok(heights.length > 10 && Math.min(...heights) >= 10, `text of the plots is ${Math.min(...heights)} high`);
      const [ink, paper] = await page.evaluate(() => {
        const style = getComputedStyle(document.body);
        return [style.color, style.backgroundColor].map((c) => c.match(/\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0));
      });
      assert.equal(ink > paper, colorScheme === "dark");
    });
  }
});

test("marks what differs from the production answer", async () => {
  await open(await example(), {}, async (page) => {
    const marked = await page.locator(".divergence").first().locator(".differs").allInnerTexts();
    assert.deepEqual(marked.map((t) => t.replace(/\s+/g, " ")), ["reason \"arrived broken\""]);
  });
});

test("shows text of the traffic as text, never as markup", async () => {
  const report = await example();
  const hostile = "</script><img src=x onerror=\"document.title='owned'\"><b>bold</b>";
  report.divergent_rows[0].messages[1].content = hostile;
  await open(report, {}, async (page) => {
    assert.equal(await page.locator(".divergence .text").first().innerText(), hostile);
    assert.equal(await page.locator("b").count(), 0);
  });
});

test("a run in which everything failed still reads", async () => {
  const report = await example();
  report.ranking.entries = [];
  report.leading_score = null;
  report.dataset = null;
  report.divergent_rows = [];
  report.candidates = [{ ...report.candidates[0], evaluations: [], customization: null, status: "failed", error: "the engine did not come up" }];
  await open(report, {}, async (page) => {
    assert.match(await page.locator(".verdict").innerText(), /No candidate was evaluated/);
    assert.match(await page.locator("article").innerText(), /the engine did not come up/);
  });
});
