// A list of a million rows: only what is seen is drawn, and every row can be reached.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { launch } from "./browser.mjs";

const kRows = 1_000_000;
const source = path.join(path.dirname(fileURLToPath(import.meta.url)), "../src");
const harness = `
  import { h, render } from "preact";
  import { VirtualList } from "./components/virtual_list";
  const items = Array.from({ length: ${kRows} }, (_, i) => i);
  render(h(VirtualList, { items, row: 44, label: "rows", keyOf: String, draw: (i) => h("a", { href: "#" }, "row " + i) }), document.body);
`;

let browser, script;
before(async () => {
  const made = await build({ stdin: { contents: harness, resolveDir: source, loader: "ts" }, bundle: true, write: false, jsx: "automatic", jsxImportSource: "preact" });
  script = made.outputFiles[0].text;
  browser = await launch();
});
after(async () => { await browser?.close(); });

async function open(use) {
  const page = await browser.newPage({ viewport: { width: 900, height: 880 } });
  await page.setContent("<style>body { margin: 0 } .virtual { position: relative } .virtual > div { position: absolute }</style>");
  await page.addScriptTag({ content: script });
  await use(page);
  await page.close();
}

/** Numbers of the rows that stand in the window, in their order from above. */
const inWindow = (page) => page.evaluate(() => [...document.querySelectorAll(".virtual > div")]
  .map((e) => ({ row: Number(e.dataset.index), box: e.getBoundingClientRect() }))
  .filter(({ box }) => box.bottom > 0 && box.top < innerHeight).sort((a, b) => a.box.top - b.box.top).map(({ row }) => row));
const scrollTo = async (page, y) => {
  await page.evaluate((to) => { scrollTo(0, to); return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))); }, y);
};
const isGapless = (rows) => rows.every((row, i) => i === 0 || row === rows[i - 1] + 1);

test("the first and the last of a million rows are seen, and few are drawn", async () => {
  await open(async (page) => {
    assert.equal((await inWindow(page))[0], 0);
    await scrollTo(page, 1e9);
    const rows = await inWindow(page);
    assert.equal(rows.at(-1), kRows - 1);
    assert.ok(rows.length >= 20 && isGapless(rows), `${rows}`);
    const bottom = await page.locator(`[data-index="${kRows - 1}"]`).evaluate((e) => e.getBoundingClientRect().bottom);
    assert.ok(Math.abs(bottom - 880) < 2, `the last row ends at ${bottom}`);
    assert.ok(await page.locator(".virtual > div").count() < 60);
  });
});

test("no row is passed over: a turn of the wheel moves by less than what is seen", async () => {
  await open(async (page) => {
    const height = await page.evaluate(() => document.body.scrollHeight);
    for (const part of [0, 0.3, 0.7, 0.99]) {
      await scrollTo(page, part * height);
      const before = await inWindow(page);
      await page.mouse.move(400, 400);
      await page.mouse.wheel(0, 100);
      await page.waitForFunction((first) => !document.querySelector(`[data-index="${first}"]`) || document.querySelector(`[data-index="${first}"]`).getBoundingClientRect().bottom <= 0, before[0]);
      const after = await inWindow(page);
      assert.ok(after[0] <= before.at(-1) + 1 && isGapless(after), `${before} and then ${after}`);
    }
  });
});

test("the arrow keys lead from row to row in the middle of it", async () => {
  await open(async (page) => {
    await scrollTo(page, 6_000_000);
    const [, , here] = await inWindow(page);
    await page.locator(`[data-index="${here}"] a`).focus();
    for (let i = 1; i <= 30; i++) {
      await page.keyboard.press("ArrowDown");
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      assert.equal(await page.evaluate(() => document.activeElement.textContent), `row ${here + i}`);
    }
  });
});

test("on paper the first rows stand from the first on, and how many do not", async () => {
  await open(async (page) => {
    await scrollTo(page, 6_000_000);
    const { rows, said } = await page.evaluate(() => {
      dispatchEvent(new Event("beforeprint"));
      const printed = { rows: [...document.querySelectorAll(".virtual > div")].map((e) => Number(e.dataset.index)), said: document.body.innerText.split("\n").at(-1) };
      dispatchEvent(new Event("afterprint"));
      return printed;
    });
    assert.deepEqual([rows[0], rows.length, isGapless(rows), said], [0, 2000, true, "998,000 more are not on paper."]);
    await page.waitForFunction(() => document.querySelectorAll(".virtual > div").length < 60);
  });
});
