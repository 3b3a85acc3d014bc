// What a lead reads: the decision, and what it stands on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openReport } from "./browser.mjs";
import { makeExample } from "./make_example.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });
const open = (report, options, use) => openReport(browser, report, options, use);

const plain = (text) => text.replace(/[\s\u202f]+/g, " ").trim();
const textOf = async (page, selector) => plain(await page.locator(selector).first().innerText());

test("says first yes, on how many rows, on the newest traffic, against which threshold, how many wrong answers and what money", async () => {
  const report = makeExample();
  const { summary } = report;
  await open(report, {}, async (page) => {
    const decision = await textOf(page, ".decision");
    assert.match(decision, /Yes/);
    assert.ok(decision.includes(summary.headline));
    assert.ok(decision.includes(`right on ${summary.score.right} of ${summary.score.n} rows`));
    assert.ok(decision.includes(`right on ${summary.newest.right} of ${summary.newest.n} rows`));
    assert.match(decision, /Threshold 95 % .* set by configuration \(promising\.margin\)/);
    assert.match(decision, /Wrong answers expected in 1,000 23\.3 11\.3 to 47\.4/);
    assert.match(decision, /Saves a month \$125 \$130 for production, \$4\.73 for the candidate; 91,000 requests a month/);
    assert.match(decision, /What to do next Review the rows that differ\./);
    assert.equal(await page.title(), "router \u2013 Flywheel report");
  });
});

test("says no and not yet in words, and what to do then", async () => {
  await open(makeExample({ quality: 0.8 }), {}, async (page) => assert.match(await textOf(page, ".decision"), /^. No No candidate can take over router.*try a larger candidate/i));
  await open(makeExample({ quality: 0.965 }), {}, async (page) => assert.match(await textOf(page, ".decision"), /^. Not yet .*about 900 rows/));
});

test("a candidate that costs more says so where savings stand", async () => {
  const report = makeExample();
  Object.assign(report.summary.monthly, { candidate_cost: 200, saving: -69.87 });
  await open(report, {}, async (page) => assert.match(await textOf(page, ".decision"), /Costs more a month \$69\.87/));
});

test("production, all candidates and the baselines stand in one figure on one axis", async () => {
  const report = makeExample();
  await open(report, {}, async (page) => {
    const rows = page.locator("section:has(#candidates) tbody tr:not(.part)");
    assert.equal(await rows.count(), 1 + report.ranking.entries.length + report.baselines.length);
    assert.match(plain(await rows.first().innerText()), /big-model production with itself/);
    const lines = await page.locator("section:has(#candidates) .threshold").evaluateAll((all) => all.map((e) => Math.round(e.getBoundingClientRect().left)));
    assert.equal(new Set(lines).size, 1, "the threshold is one line");
  });
});

test("classes come worst first with their kinds of mistakes, which lead to the rows", async () => {
  const report = makeExample({ quality: 0.9 });
  const best = report.ranking.entries[0];
  const evaluation = report.candidates[best.candidate].evaluations.find((e) => e.variant === best.variant);
  await open(report, {}, async (page) => {
    const first = evaluation.classes[0];
    assert.match(await textOf(page, ".classes tbody th"), new RegExp(first.label));
    const [mistake, n] = Object.entries(first.mistakes).sort((a, b) => b[1] - a[1])[0];
    await page.locator(".classes tbody tr").first().getByText(`${n} ${mistake}`).click();
    await page.locator(".found", { hasText: new RegExp(`^${n} rows? of`) }).waitFor();
    assert.equal(await page.locator(".row").count(), n);
  });
});

test("another candidate's classes and parts can be looked at, and a link keeps the choice", async () => {
  const report = makeExample();
  await open(report, {}, async (page) => {
    const before = await textOf(page, ".parts");
    await page.locator(".choice select").first().selectOption({ label: "smollm2-135m, zero-shot" });
    const zeroShot = await textOf(page, ".parts");
    assert.notEqual(zeroShot, before);
    await page.reload();
    assert.equal(await textOf(page, ".parts"), zeroShot);
  });
});

test("shows newest and older, seen and unseen templates, turns and lengths, each with its rows and interval", async () => {
  await open(makeExample(), {}, async (page) => {
    const parts = await textOf(page, ".parts");
    for (const part of ["newest part of the traffic", "older traffic", "template seen in training", "template not in training", "first turn", "later turns", "2 to 4 turns"]) {
      assert.match(parts, new RegExp(`${part}[^%]* [\\d.]+ % of the traffic [\\d.]+ % [\\d.]+ to [\\d.]+ % \\d+ of \\d+`));
    }
  });
});

test("a variant is called by what it is made of", async () => {
  const report = makeExample();
  const named = { "customized-eval": "customized-polite-icl-eval", "icl-eval": "polite-eval" };
  const rename = (one) => { one.variant = named[one.variant] ?? one.variant; };
  [...report.ranking.entries, ...report.candidates.flatMap((c) => c.evaluations)].forEach(rename);
  await open(report, {}, async (page) => {
    const names = plain(await page.locator("section:has(#candidates) tbody").allInnerTexts().then((all) => all.join(" ")));
    for (const name of ["fine-tuned, prompt polite, few-shot", "prompt polite", "zero-shot"]) assert.ok(names.includes(name), name);
  });
});

test("a grade is not called a share of rows", async () => {
  const report = makeExample({ generic: true, quality: 0.9 });
  await open(report, {}, async (page) => {
    const figures = await textOf(page, ".figures");
    assert.match(figures, /Agreement with production 0\.\d{3} mean of \d+ rows/);
    assert.doesNotMatch(figures, /%/);
    assert.doesNotMatch(figures, /wrong answers/i);
  });
});

test("a run that is not clean is red on top and where the checks stand", async () => {
  await open(makeExample({ clean: false }), {}, async (page) => {
    assert.match(await textOf(page, ".decision .problem"), /^2 of 4 checks of trust did not pass.*cut at the token limit/);
    assert.match(await textOf(page, ".trust.unclean"), /not clean/);
    assert.deepEqual(await page.locator(".checks li").evaluateAll((all) => all.map((e) => e.className)), ["bad", "bad", "ok", "ok"]);
  });
  await open(makeExample(), {}, async (page) => {
    assert.equal(await page.locator(".decision .problem, .trust.unclean").count(), 0);
  });
});

test("prices, cached tokens, training and both latencies are told", async () => {
  await open(makeExample(), {}, async (page) => {
    assert.match(await textOf(page, ".costs"), /big-model production \$2\.50 in \(\$0\.25 cached\), \$10\.00 out 430 in \(290 cached\), 36 out/);
    assert.match(await textOf(page, ".costs"), /llama-3\.2-1b fine-tuned \$0\.10 in, \$0\.10 out 455 in \(410 cached\), 38 out \$0\.052 \$4\.73 2 min, \$0\.03/);
    assert.match(await textOf(page, ".times"), /llama-3\.2-1b fine-tuned alone 499 ms .* 16 at once 2\.9 s/);
  });
});

test("a run in which everything failed says why and shows no empty figures", async () => {
  await open(makeExample({ none: true }), {}, async (page) => {
    assert.match(await textOf(page, ".decision"), /No candidate was evaluated to the end/);
    assert.match(await textOf(page, ".candidate"), /the engine did not come up/);
    assert.equal(await page.locator(".plot, .classes, .parts, .times, .pairs").count(), 0);
  });
});

test("the card's mixes stand beside the traffic's, and lists that the page was not told of are drawn", async () => {
  const report = makeExample();
  report.dataset.hours = [{ hour: "08", traffic: 400, eval: 0, train: 210 }, { hour: "09", traffic: 760, eval: 300, train: 190 }];
  await open(report, {}, async (page) => {
    assert.match(await textOf(page, ".sides-table:has(h3:text-is('turn'))"), /2 to 4 300 26 % 60 20 % weighed 26 % 90 23 % 15 25 %/);
    assert.match(await textOf(page, ".sides-table:has(h3:text-is('hours'))"), /09 760 66 % 300 100 % 190 48 %/);
    const section = await textOf(page, "section:has(#dataset)");
    assert.match(section, /3 mended: arguments were fenced/);
    assert.match(section, /newest known share: 71\.0 %/);
    assert.match(section, /eval rows said in training: 4/);
  });
});

test("answers that look wrong are told by reason, with an example to look at", async () => {
  await open(makeExample(), {}, async (page) => {
    const section = await textOf(page, "section:has(#dataset)");
    assert.match(section, /answers that look wrong/i);
    assert.match(section, /a call that the request's own tools forbid: 3 that may train, 1 of evaluation/);
    assert.match(section, /r-0a1b2c3d get_order: "order_id" is missing/);
  });
});

test("many classes are folded on the screen and whole on paper", async () => {
  await open(makeExample({ classes: 30, rows: 900 }), {}, async (page) => {
    const shown = () => page.locator(".classes tbody tr:visible").count();
    assert.equal(await shown(), 10);
    await page.emulateMedia({ media: "print" });
    assert.equal(await shown(), 30);
    await page.emulateMedia({ media: "screen" });
    await page.getByRole("button", { name: "show all 30 classes" }).click();
    assert.equal(await shown(), 30);
  });
});

test("a report of another version is refused with a reason", async () => {
  await open({ ...makeExample(), version: 3 }, {}, async (page) => assert.match(await page.locator("main").innerText(), /its version is 3, this page reads version 2/));
});
