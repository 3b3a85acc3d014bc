// How the report looks and is reached: on phones, on paper, in the dark, by keyboard and by screen readers.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { launch, openReport } from "./browser.mjs";
import { makeExample } from "./make_example.mjs";

const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });
const open = (report, options, use) => openReport(browser, report, options, use);

const kLongNames = ["mistral-nemo-instruct-2407-quantized-q4_k_m-router-specialist-with-a-very-long-name-v3.2.1",
  "averyveryveryveryverylongnamewithoutanyseparatorthatcannotbreakanywhere", "短い名前のモデル"];
const longNames = () => makeExample({ models: kLongNames, workload: "customer-care/eu-central-1/router-with-a-long-name.production", quality: 0.9 });

/** Pairs of texts of the shown plots that lie on one another, and texts too small to read. */
const plotTroubles = (page) => page.evaluate(() => {
  const texts = [...document.querySelectorAll(".plot")].flatMap((plot) => {
    const own = [...plot.querySelectorAll("text")].map((t) => ({ text: t.textContent, box: t.getBoundingClientRect() })).filter((t) => t.box.height > 0);
    const small = own.filter((t) => t.box.height < 10).map((t) => `${t.text} is ${t.box.height} high`);
    const over = own.flatMap((a, i) => own.slice(i + 1).filter((b) => a.box.left < b.box.right - 1 && b.box.left < a.box.right - 1 && a.box.top < b.box.bottom - 3 && b.box.top < a.box.bottom - 3)
      .map((b) => `${a.text} on ${b.text}`));
    return [...small, ...over];
  });
  return texts;
});

/** Pairs of words anywhere on the page that lie on one another. */
const textTroubles = (page) => page.evaluate(() => {
  const boxes = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (node.textContent.trim() === "" || !parent.checkVisibility({ visibilityProperty: true }) || parent.closest("title, select, .clamp")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) if (box.width > 1) boxes.push({ text: node.textContent.trim().slice(0, 40), box });
  }
  boxes.sort((a, b) => a.box.top - b.box.top);
  const shared = (a, b) => [Math.min(a.right, b.right) - Math.max(a.left, b.left), (Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)) / Math.min(a.height, b.height)];
  return boxes.flatMap((a, i) => {
    const found = [];
    for (let k = i + 1; k < boxes.length && boxes[k].box.top < a.box.bottom; ++k) {
      const [width, height] = shared(a.box, boxes[k].box);
      if (width > 1.5 && height > 0.3) found.push(`${a.text} on ${boxes[k].text}`);
    }
    return found;
  });
});

test("on phones no words lie on others, whatever the tools are called", async () => {
  const report = makeExample({ quality: 0.7 });
  const call = (name) => ({ type: "function", function: { name, arguments: { reservation_id: "4OG6T3" } } });
  const names = ["get_reservation_details", "updatereservationflights", "transfer_to_human_agents", "think"];
  report.divergent_rows.rows.forEach((row, i) => {
    row.reference = { role: "assistant", content: "", tool_calls: [call(names[i % 4])] };
    row.answers[0].message = { role: "assistant", content: i % 2 ? "no call" : "", tool_calls: i % 3 ? [] : [call(names[(i + 1) % 4])] };
  });
  for (const width of [320, 390]) {
    for (const one of [report, longNames()])
      await open(one, { viewport: { width, height: 844 } }, async (page) => assert.deepEqual(await textTroubles(page), [], `at ${width}`));
  }
});

for (const width of [320, 375, 800, 900, 1280]) {
  test(`at ${width} pixels nothing scrolls sideways and no caption lies on another`, async () => {
    for (const report of [makeExample(), longNames()]) {
      await open(report, { viewport: { width, height: 800 } }, async (page) => {
        const [wide, shown] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
        assert.ok(wide <= shown, `the page is ${wide} wide on a screen of ${shown}`);
        assert.deepEqual(await plotTroubles(page), []);
        const cut = await page.evaluate(() => [...document.querySelectorAll("h2, h3, td, th, summary, .tag, .badge")].filter((e) => e.offsetParent && e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent));
        assert.deepEqual(cut, [], "cut off");
      });
    }
  });
}

test("the plot's axes end where its points do", async () => {
  await open(makeExample(), {}, async (page) => {
    const [left, right] = await page.evaluate(() => {
      const plot = document.querySelector(".on-wide .plot:has(.point)");
      const grid = plot.querySelector(".grid").getBoundingClientRect();
      const points = [...plot.querySelectorAll(".whisker")].map((p) => p.getBoundingClientRect().left);
      return [(Math.min(...points) - grid.left) / grid.width, (grid.right - Math.max(...points)) / grid.width];
    });
    assert.ok(left < 0.15 && right < 0.15, `${left} and ${right} of the plot are empty`);
  });
});

test("models that lie on one another in the plot share a label", async () => {
  const report = makeExample();
  for (const e of report.ranking.entries.slice(0, 3)) Object.assign(e, { cost_per_1000: 0.02, score: 0.97, low: 0.95, high: 0.99 });
  await open(report, {}, async (page) => {
    const labels = await page.locator(".on-wide .plot:has(.point) .point-label").allTextContents();
    assert.equal(labels.filter((l) => /llama|smollm2/.test(l)).length, 1);
    assert.ok(labels.some((l) => l.startsWith("1, 2, 3")));
  });
});

test("names of arguments break only after their separators", async () => {
  const report = makeExample({ quality: 0.7 });
  const [row] = report.divergent_rows.rows;
  const call = { type: "function", function: { name: "search_for_everything_in_every_catalogue", arguments: { query: "x".repeat(400), maximum_number_of_results_per_page: 3 } } };
  row.reference = { role: "assistant", content: "", tool_calls: [call] };
  for (const width of [320, 1280]) {
    await open(report, { viewport: { width, height: 800 } }, async (page) => {
      const broken = await page.evaluate(() => [...document.querySelectorAll(".diff .whole")].filter((e) => e.getClientRects().length > 1).map((e) => e.textContent));
      assert.deepEqual(broken, []);
      const heights = await page.locator(".diff th .whole").evaluateAll((all) => all.map((e) => e.getBoundingClientRect().height));
      assert.ok(Math.max(...heights) < 30, "a name stands on one line");
    });
  }
});

test("axe finds nothing in the light, in the dark, on a phone, with and without results", async () => {
  const cases = [
    [makeExample({ quality: 0.8, clean: false }), { viewport: { width: 1280, height: 900 } }], [makeExample(), { viewport: { width: 1280, height: 900 }, colorScheme: "dark" }],
    [makeExample({ quality: 0.965 }), { viewport: { width: 375, height: 812 }, colorScheme: "dark" }], [makeExample({ generic: true, quality: 0.9 }), { viewport: { width: 375, height: 812 } }],
    [makeExample({ none: true }), {}],
  ];
  for (const [report, options] of cases) {
    await open(report, options, async (page) => {
      await page.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
      await page.evaluate(axeSource);
      const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.failureSummary}`).join(" | ")}`), []);
    });
  }
});

test("everything is reached by the keyboard, and focus is seen", async () => {
  await open(makeExample({ quality: 0.7 }), { viewport: { width: 1280, height: 900 } }, async (page) => {
    await page.getByRole("searchbox").focus();
    const reached = [];
    for (let i = 0; i < 14; i++) {
      await page.keyboard.press("Tab");
      reached.push(await page.evaluate(() => document.activeElement.textContent || document.activeElement.tagName));
    }
    for (const wanted of ["download CSV", "next", "rec-", "curl", "Whole conversation"]) assert.ok(reached.some((r) => r.startsWith(wanted)), `${wanted} in ${reached.join("; ")}`);
    await page.locator(".row summary").first().focus();
    await page.keyboard.press("Enter");
    assert.equal(await page.locator(".row .conversation:visible").count(), 1);
    assert.notEqual(await page.locator(":focus").evaluate((e) => getComputedStyle(e).outlineStyle), "none");
  });
});

test("the dark page is dark and the light one light", async () => {
  for (const colorScheme of ["light", "dark"]) {
    await open(makeExample(), { colorScheme }, async (page) => {
      const [ink, paper] = await page.evaluate(() => {
        const style = getComputedStyle(document.body);
        return [style.color, style.backgroundColor].map((c) => c.match(/\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0));
      });
      assert.equal(ink > paper, colorScheme === "dark");
    });
  }
});

test("on paper no row is cut in two, nothing asks to be pressed, and the dark screen prints on white", async () => {
  await open(makeExample({ quality: 0.8 }), { colorScheme: "dark" }, async (page) => {
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    assert.equal(await page.locator("button:visible, select:visible, .contents:visible").count(), 0);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
    const breaks = await page.evaluate(() => [".row", ".decision", "figure", "tbody tr"].map((s) => getComputedStyle(document.querySelector(s)).breakInside));
    assert.deepEqual(new Set(breaks), new Set(["avoid"]));
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
    const pages = pdf.match(/\/Type \/Page\b(?!s)/g).length;
    assert.ok(pages >= 5 && pages <= 14, `${pages} pages`);
  });
});

test("what the reader first sees holds the decision, and the first row that differs comes soon after the tables", async () => {
  await open(makeExample(), { viewport: { width: 1280, height: 900 } }, async (page) => {
    const bottom = await page.locator(".decision").evaluate((e) => e.getBoundingClientRect().bottom);
    assert.ok(bottom < 900, `the decision ends at ${bottom}`);
    const [section, row] = await page.evaluate(() => [document.getElementById("rows"), document.querySelector(".row")].map((e) => e.getBoundingClientRect().top));
    assert.ok(row - section < 400, `the first row is ${row - section} below its heading`);
  });
});

test("names of any length make no page wider than the screen", async () => {
  const report = makeExample();
  const long = (name) => name.padEnd(300, "w");
  const names = [report.job.workload_id, report.job.client_id, "big-model", ...report.candidates.map((c) => c.model_name), ...new Set(report.divergent_rows.rows.map((r) => r.label))].filter((n) => n !== "");
  const text = names.reduce((t, name) => t.replaceAll(JSON.stringify(name), JSON.stringify(long(name))), JSON.stringify(report));
  for (const width of [375, 1280]) {
    await openReport(browser, JSON.parse(text), { viewport: { width, height: 812 } }, async (page) => {
      await page.locator(".decision").waitFor();
      await page.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
      const [wide, shown, list] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth, Math.max(...[...document.querySelectorAll(".scroll")].map((e) => e.scrollWidth))]);
      assert.ok(wide <= shown, `${wide} on a screen of ${shown}`);
      assert.ok(list <= Math.max(shown, 600), `a table is ${list} wide`);
    });
  }
});
