// The rows on which a candidate and production differ: finding, reading, linking and taking them away.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { launch, openReport } from "./browser.mjs";
import { makeExample } from "./make_example.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });
const open = (report, options, use) => openReport(browser, report, options, use);

const call = (name, args) => ({ type: "function", function: { name, arguments: args } });
const answer = (calls, content = "") => ({ role: "assistant", content, tool_calls: calls });

/** The example with one divergent row: production's answer and the best candidate's. */
function withRow(reference, message, more = {}) {
  const report = makeExample();
  const row = { ...report.divergent_rows.rows[0], reference, ...more };
  row.answers = row.answers.map((a, i) => ({ ...a, message: i === 0 ? message : reference, agreement: i === 0 ? 0 : 1, mistakes: [], failure: null }));
  report.divergent_rows = { total: 1, left_out: 0, rows: [row] };
  return report;
}

/** Every line of the first row's table: what it is, both sides with marks as [..], and what differs. */
const linesOf = (page) => page.locator(".row .diff").first().locator("tbody tr").evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => {
  const copy = cell.cloneNode(true);
  copy.querySelectorAll("mark").forEach((m) => { m.textContent = `[${m.textContent}]`; });
  return copy.textContent;
})));

test("wrong, missing and extra arguments are marked on both sides, nested ones by their path", async () => {
  const reference = answer([call("book", { city: "Oslo", when: { day: 3, month: 5 }, seats: 2, note: "at the window" })]);
  const message = answer([call("book", '{"city": "Oslo", "when": {"day": 4, "month": 5}, "note": "at the door", "smoking": true}')]);
  await open(withRow(reference, message), {}, async (page) => {
    assert.deepEqual(await linesOf(page), [
      ["call", "book", "book", ""], ["city", '"Oslo"', '"Oslo"', ""], ["when.day", "[3]", "[4]", "differs"], ["when.month", "5", "5", ""],
      ["seats", "[2]", "not given", "missing"], ["note", '"at the [window]"', '"at the [door]"', "differs"], ["smoking", "not given", "[true]", "extra"]]);
  });
});

test("calls are paired in any order; missing and surplus ones are marked whole", async () => {
  const reference = answer([call("get", { id: 1 }), call("get", { id: 2 }), call("stop", {})]);
  const message = answer([call("get", { id: 2 }), call("get", { id: 7 }), call("get", { id: 1 })]);
  await open(withRow(reference, message), {}, async (page) => {
    assert.deepEqual(await linesOf(page), [
      ["call", "get", "get", ""], ["id", "1", "1", ""], ["call", "get", "get", ""], ["id", "2", "2", ""], ["call", "[stop]", "[get]", "another tool"], ["id", "not given", "[7]", "extra"]]);
  });
  await open(withRow(answer([call("get", { id: 1 }), call("get", { id: 2 })]), answer([call("get", { id: 2 })])), {}, async (page) => {
    assert.deepEqual((await linesOf(page))[0], ["call", "[get]", "no such call", "missing call"]);
  });
});

test("a text in place of a call marks the missing call and the text", async () => {
  await open(withRow(answer([call("get", { id: 1 })]), answer([], "Which order?")), {}, async (page) => {
    assert.deepEqual(await linesOf(page), [["text", "no text", "[Which order?]", "extra text"], ["call", "[get]", "no such call", "missing call"], ["id", "[1]", "", ""]]);
  });
});

test("texts are compared word by word in any script", async () => {
  const reference = answer([], "Your order ships on Monday.\nThanks!");
  await open(withRow(reference, answer([], "Your order ships on Friday.\nThanks!")), {}, async (page) => {
    assert.deepEqual(await linesOf(page), [["text", "Your order ships on [Monday].\nThanks!", "Your order ships on [Friday].\nThanks!", "differs"]]);
  });
  await open(withRow(answer([], "我今天去北京"), answer([], "我今天去上海")), {}, async (page) => {
    assert.deepEqual(await linesOf(page), [["text", "我今天去[北京]", "我今天去[上海]", "differs"]]);
  });
});

test("an answer that failed says why", async () => {
  const report = withRow(answer([call("get", {})]), null);
  report.divergent_rows.rows[0].answers[0].failure = "cut at the token limit";
  await open(report, {}, async (page) => assert.deepEqual((await linesOf(page))[0], ["answer", "", "cut at the token limit", "failed"]));
});

test("a request that was asked several times says in how many of them it differs, and the score counts asks", async () => {
  const report = withRow(answer([call("get", { id: 1 })]), answer([call("get", { id: 2 })]));
  Object.assign(report.divergent_rows.rows[0].answers[0], { asks: 40, asks_divergent: 19 });
  const first = report.ranking.entries[0];
  for (const e of report.candidates[first.candidate].evaluations)
    if (e.variant === first.variant) e.frequent = { requests: 1, asks: 40, unsteady: 1, share: 0.5 };
  await open(report, {}, async (page) => {
    assert.match(await page.locator(".row .tags").first().innerText(), /differs in 19 of 40 asks/);
    assert.match(await page.locator("#decision, main").first().innerText(), /right on \d+ of \d+ asks/);
  });
});

test("what cannot be seen in the traffic is shown, and nothing of it becomes markup", async () => {
  const hostile = "</script><img src=x onerror=\"document.title='owned'\"><b>bold</b> a\u202eb\u200bc\u0007";
  const report = withRow(answer([call("<i>get</i>", { "<u>k</u>": hostile })]), answer([], hostile));
  report.divergent_rows.rows[0].messages = [{ role: "user", content: hostile }];
  report.divergent_rows.rows[0].label = "<s>class</s>\u202e";
  report.job.workload_id = "<b>work</b>";
  report.summary.headline = hostile;
  await open(report, {}, async (page) => {
    const shown = "</script><img src=x onerror=\"document.title='owned'\"><b>bold</b> aU+202EbU+200BcU+0007";
    assert.equal(await page.locator(".asked .text").innerText(), shown);
    assert.match(await page.locator(".row h3").innerText(), /<s>class<\/s>\u27e8U\+202E\u27e9/);
    assert.equal(await page.locator("b, i:not([class], .funnel-bar i), s, u, img").count(), 0);
    assert.ok(!(await page.locator("main").innerText()).includes("\u202e"));
    assert.match(await page.title(), /<b>work<\/b>/);
  });
});

test("Arabic text runs from right to left within its place", async () => {
  const report = withRow(answer([], "مرحبا، طلبك في الطريق"), answer([], "مرحبا"));
  report.divergent_rows.rows[0].messages = [{ role: "user", content: "أين طلبي؟" }];
  await open(report, {}, async (page) => {
    const side = await page.locator(".asked .text").evaluate((e) => {
      const range = document.createRange();
      range.selectNodeContents(e);
      return e.getBoundingClientRect().right - range.getBoundingClientRect().right;
    });
    assert.ok(side < 2, "the text stands at the right edge");
  });
});

test("filters and search narrow the rows, stand in the address, and a reload shows the same", async () => {
  const report = makeExample({ quality: 0.7 });
  await open(report, {}, async (page) => {
    const count = async () => Number((await page.locator(".found [role=status]").innerText()).match(/^[\d,]+/)[0].replace(",", ""));
    const all = report.divergent_rows.rows;
    assert.equal(await count(), all.length);
    await page.getByRole("combobox", { name: "class", exact: true }).selectOption("track_parcel");
    const parcels = all.filter((r) => r.label === "track_parcel");
    assert.equal(await count(), parcels.length);
    await page.getByRole("combobox", { name: "template" }).selectOption("unseen");
    await page.getByRole("combobox", { name: "traffic", exact: true }).selectOption("newest");
    assert.equal(await count(), parcels.filter((r) => r.newest && !r.template_in_training).length);
    await page.reload();
    assert.equal(await count(), parcels.filter((r) => r.newest && !r.template_in_training).length);
    await page.getByRole("button", { name: "clear filters" }).click();
    assert.equal(await count(), all.length);
    await page.getByRole("searchbox").fill(`carrier ${all[0].record_id}`);
    await page.waitForURL(/q=/);
    assert.ok((await count()) <= 1);
    await page.getByRole("searchbox").fill("no such words anywhere");
    await page.getByText("No row fits these filters.").waitFor();
  });
});

test("another candidate's answers can be looked at: only the rows it has wrong", async () => {
  const report = makeExample({ quality: 0.7 });
  const name = (a) => `${a.model_name}, ${{ "base-eval": "zero-shot", "icl-eval": "few-shot", "customized-eval": "fine-tuned" }[a.variant]}`;
  const other = report.divergent_rows.rows[0].answers[1];
  const wrong = report.divergent_rows.rows.filter((r) => r.answers.some((a) => name(a) === name(other) && a.agreement < 1));
  await open(report, {}, async (page) => {
    await page.getByRole("combobox", { name: "answers of" }).selectOption(name(other));
    assert.match(await page.locator(".found [role=status]").innerText(), new RegExp(`^${wrong.length} rows`));
    assert.match(await page.locator(".row .diff thead").first().innerText(), new RegExp(other.model_name));
  });
});

test("answers that are the same are shown once, those like production's on one line", async () => {
  const report = withRow(answer([call("get", { id: 1 })]), answer([call("get", { id: 2 })]));
  const [row] = report.divergent_rows.rows;
  row.answers[1] = { ...row.answers[0], model_name: "one" };
  row.answers[2] = { ...row.answers[0], model_name: "two" };
  row.answers.push({ ...row.answers[0], model_name: "three", message: row.reference, agreement: 1 });
  await open(report, {}, async (page) => {
    assert.match(await page.locator(".row").innerText(), /As production: three/);
    await page.getByText("What 2 other candidates answered").click();
    assert.equal(await page.locator(".row details .diff:visible").count(), 1);
  });
});

test("a link to a row opens it, wherever it is in 5,000 rows, of which a page of 20 is drawn", async () => {
  const report = makeExample({ rows: 9500, quality: 0.45 });
  const rows = report.divergent_rows.rows;
  assert.equal(rows.length, 5000);
  const wanted = rows[4321].record_id;
  await open(report, { fragment: `#row=${wanted}` }, async (page) => {
    const opened = page.locator(".row.opened");
    assert.equal(await opened.getAttribute("id"), `row-${wanted}`);
    const top = await opened.evaluate((e) => e.getBoundingClientRect().top);
    assert.ok(top >= 0 && top < 400, `the row is ${top} below the top`);
    assert.equal(await opened.locator("details[open] .conversation").count(), 1);
    assert.ok((await page.locator(".row").count()) <= 20);
    await page.getByRole("searchbox").fill("köln lindenstraße");
    await page.waitForURL(/q=/);
    assert.match(await page.locator(".found [role=status]").innerText(), /of 5,000/);
  });
});

test("following a row's own link keeps it in sight, and a row that is not there is said so", async () => {
  const report = makeExample({ quality: 0.7 });
  await open(report, {}, async (page) => {
    const id = report.divergent_rows.rows[2].record_id;
    await page.locator(".row-tools a").nth(2).click();
    assert.equal(await page.locator(".row.opened").getAttribute("id"), `row-${id}`);
    assert.match(page.url(), new RegExp(`#row=${id}$`));
  });
  await open(report, { fragment: "#row=nothing" }, async (page) => await page.getByText("Row nothing is not among the divergent rows").waitFor());
});

test("pages turn", async () => {
  const report = makeExample({ quality: 0.7 });
  await open(report, {}, async (page) => {
    await page.getByRole("navigation", { name: "pages of rows, above" }).getByRole("button", { name: "next" }).click();
    assert.equal(await page.locator(".row").first().getAttribute("id"), `row-${report.divergent_rows.rows[20].record_id}`);
  });
});

test("the shown rows can be taken away as JSONL and as CSV in which no cell is a formula", async () => {
  const report = withRow(answer([call("get", { id: 1 })]), answer([], '=HYPERLINK("http://x"), "quoted"'));
  await open(report, { acceptDownloads: true }, async (page) => {
    const fetched = async (name) => {
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name }).click()]);
      return readFile(await download.path(), "utf8");
    };
    assert.deepEqual(JSON.parse(await fetched("download JSONL")), report.divergent_rows.rows[0]);
    const csv = await fetched("download CSV");
    assert.match(csv, /^record_id,class,/);
    assert.ok(csv.includes('"\'=HYPERLINK(""http://x""), ""quoted"""'));
    assert.equal(csv.trim().split("\r\n").length, 1 + report.divergent_rows.rows[0].answers.length);
  });
});

test("a row's request can be copied as a command that a shell reads as one", async () => {
  const report = withRow(answer([]), answer([], "x"), { messages: [{ role: "user", content: "it's $(rm) \u202e ü" }] });
  await open(report, { permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
    await page.getByRole("button", { name: "curl" }).click();
    await page.getByText("copied").waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.ok(copied.includes("it'\\''s $(rm) \\u202e \\u00fc"));
    assert.match(copied, /^curl -sS "\$\{BASE_URL:-/);
  });
});
