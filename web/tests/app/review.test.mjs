// Cards judged by keyboard, and what becomes of the verdicts.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { application, heading, seen, skip } from "./application.mjs";

const app = application();

/** Judges cards by keyboard until `count` are judged; what was pressed. */
async function judge(page, count, keys) {
  for (let i = 0; i < count; i++) {
    const before = page.url();
    await page.locator(".verdicts button").first().waitFor();
    await page.keyboard.press(keys(i));
    await page.waitForFunction((url) => location.href !== url, before);
  }
}

test("twenty cards are judged by keyboard, blind, the last is undone, and a second person's labels stay apart", { skip, timeout: 600000 }, async () => {
  const { id } = await app.service.call("POST", "/api/reviews", { job_id: app.job });
  const whole = await app.service.call("GET", `/api/reviews/${id}`);
  assert.ok(whole.queue.length > 20, `${whole.queue.length} rows differ`);
  await app.open(`/review/${id}`, { person: "ann" }, async (page) => {
    await page.getByRole("link", { name: "judge the next row" }).click();
    await page.locator(".diff.sides").waitFor();
    assert.ok(!/candidate|production|small/.test(await page.locator("#page").textContent()), "nothing names a side");
    const classes = new Set(app.documents.map((d) => d.response.choices[0].message.tool_calls?.[0]?.function.name ?? "no_tool"));
    assert.ok(![...classes].some((c) => page.url().includes(c)) && !classes.has(await page.locator("h1").textContent()), "the class would tell which is production's");
    assert.equal(await page.locator(".diff mark").first().evaluate((e) => getComputedStyle(e).backgroundColor), await page.locator(".diff mark").last().evaluate((e) => getComputedStyle(e).backgroundColor));
    await judge(page, 20, (i) => ["1", "2", "3", "4"][i % 4]);
    await page.locator(".verdicts button").first().waitFor();
    await page.keyboard.press("u");
    await page.waitForFunction(() => document.querySelector(".card-bar")?.textContent.includes("19 judged by you"));
    await page.keyboard.press("r");
    await page.waitForFunction(() => location.search.includes("reveal=1"));
    await page.locator(".tag", { hasText: "candidate" }).first().waitFor();
  });
  const after = await app.service.call("GET", `/api/reviews/${id}?person=ann`);
  assert.equal(after.counts.people.ann, 19);
  const sides = new Set();
  for (const item of whole.queue.slice(0, 20)) {
    const card = await app.service.call("GET", `/api/reviews/${id}/items/${encodeURIComponent(item.record_id)}?person=ann&reveal=1`);
    sides.add(card.revealed.candidate);
  }
  assert.equal(sides.size, 2, "the candidate is on either side");
  await app.open(`/review/${id}`, { person: "bob" }, async (page) => {
    await page.getByRole("link", { name: "judge the next row" }).click();
    await judge(page, 12, (i) => ["1", "3"][i % 2]);
  });
  await app.open(`/review/${id}`, { person: "bob" }, async (page) => {
    await page.getByRole("heading", { name: "How people agree" }).waitFor();
    assert.match(await page.locator("#page").textContent(), /ann and bob: the same verdict on \d+ of 1[0-2] rows, Cohen's kappa -?\d\.\d\d \(-?\d\.\d\d to -?\d\.\d\d\)/);
    await page.locator(".figure-box", { hasText: "as good as production" }).getByText("people's verdicts counted").waitFor();
  });
});

test("a name is typed letter by letter, counts when it is done, and is no key of a card meanwhile", { skip }, async () => {
  const review = await app.review();
  const { queue } = await app.service.call("GET", `/api/reviews/${review}`);
  const card = `/review/${review}/${encodeURIComponent(queue[1].record_id)}`;
  const name = "zoe1 jr uk 23";
  const typed = async (page) => {
    const sent = [];
    page.on("request", (r) => { if (r.method() !== "GET") sent.push(`${r.method()} ${r.url()}`); });
    const field = page.getByLabel("your name");
    await field.focus();
    await page.keyboard.type(name, { delay: 60 });
    assert.equal(await field.inputValue(), name);
    assert.equal(await field.evaluate((e) => document.activeElement === e), true, "the field keeps the focus");
    assert.equal(await page.evaluate(() => localStorage.getItem("flywheel.person")), null, "half a name is nobody's");
    return sent;
  };
  const isKept = (page) => page.waitForFunction((n) => localStorage.getItem("flywheel.person") === n, name);
  await app.open(`/review/${review}`, {}, async (page) => {
    await seen(page, "Say who you are to begin.");
    const sent = await typed(page);
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "judge the next row" }).waitFor();
    await isKept(page);
    assert.equal(await page.getByLabel("your name").evaluate((e) => document.activeElement === e), true);
    assert.deepEqual(sent, []);
  });
  await app.open(`/review/${review}`, {}, async (page) => {
    await page.locator(".queue-line").first().waitFor();
    await typed(page);
    await page.locator(".queue-line").nth(1).click();
    await page.locator(".verdicts button").first().waitFor();
    await isKept(page);
    assert.ok(page.url().endsWith(card), page.url());
  });
  for (const done of [(page) => page.keyboard.press("Enter"), (page) => page.getByRole("button", { name: "go on" }).click()]) {
    await app.open(card, {}, async (page) => {
      const sent = await typed(page);
      assert.ok(page.url().endsWith(card), "no letter leads to another row");
      await done(page);
      await page.locator(".verdicts button").first().waitFor();
      await isKept(page);
      assert.deepEqual(sent, [], "no letter is a verdict");
    });
  }
  const { counts } = await app.service.call("GET", `/api/reviews/${review}`);
  assert.deepEqual(Object.keys(counts.people).filter((p) => p.startsWith("z")), []);
});

test("after a verdict, by button or key, and after undoing it the focus is on the page's heading, and the row is announced", { skip }, async () => {
  const review = await app.review();
  const { queue } = await app.service.call("GET", `/api/reviews/${review}`);
  await app.open(`/review/${review}/${encodeURIComponent(queue[2].record_id)}`, { person: "jon" }, async (page) => {
    const isAt = async (row) => {
      await page.getByRole("status").filter({ hasText: `${row} of ${queue.length};` }).waitFor();
      await page.locator(".verdicts button:enabled").first().waitFor();
      await page.waitForFunction((name) => document.activeElement.tagName === "H1" && document.activeElement.textContent === name, `Row ${row}`);
    };
    await page.getByRole("button", { name: /Both are fine/ }).click();
    await isAt(4);
    await page.getByRole("button", { name: /undo/ }).click();
    await isAt(3);
    await page.keyboard.press("3");
    await isAt(4);
    await page.keyboard.press("u");
    await isAt(3);
  });
});

test("arguments stand beside what their schema asks for", { skip }, async () => {
  const id = await app.review();
  const { queue } = await app.service.call("GET", `/api/reviews/${id}`);
  for (const { record_id: record } of queue) {
    const { tools } = await app.service.call("GET", `/api/traffic/${encodeURIComponent(record)}/request`);
    const card = await app.service.call("GET", `/api/reviews/${id}/items/${encodeURIComponent(record)}?person=eve`);
    const call = [card.left, card.right].flatMap((side) => side.message?.tool_calls ?? [])[0]?.function;
    const [argument] = Object.keys(JSON.parse(call?.arguments ?? "{}"));
    const schema = argument && tools.find((tool) => tool.function.name === call.name)?.function.parameters;
    if (!schema?.properties[argument]) continue;
    await app.open(`/review/${id}/${encodeURIComponent(record)}`, { person: "eve" }, async (page) => {
      const said = page.locator(".diff tr", { hasText: argument }).locator(".asked-for").first();
      await said.waitFor();
      const { type, description = "" } = schema.properties[argument];
      assert.ok((await said.textContent()).startsWith(type), await said.textContent());
      assert.ok((await said.textContent()).includes(description.slice(0, 100)));
      assert.equal((await said.textContent()).includes("required"), schema.required?.includes(argument) ?? false);
    });
    return;
  }
  assert.fail("no row of the queue has an argument");
});

test("a note, tags and a corrected answer are kept and can be taken away as JSONL", { skip }, async () => {
  const [{ id }] = (await app.service.call("GET", "/api/reviews")).reviews;
  const { queue } = await app.service.call("GET", `/api/reviews/${id}?person=cem`);
  await app.open(`/review/${id}/${encodeURIComponent(queue[0].record_id)}`, { person: "cem" }, async (page) => {
    await page.locator(".verdicts button").first().waitFor();
    await page.keyboard.press("n");
    await page.keyboard.type("1 wrong date, u know");
    await page.getByLabel("tags, with commas between").fill("date, unit");
    await page.getByLabel(/corrected answer/).fill("It arrives on 7 May.");
    await page.keyboard.press("Escape");
    await page.keyboard.press("4");
    await page.waitForFunction((record) => !location.href.includes(record), encodeURIComponent(queue[0].record_id));
  });
  const lines = (await (await fetch(`${app.service.url}/api/reviews/${id}/labels.jsonl`)).text()).trim().split("\n").map((l) => JSON.parse(l));
  const own = lines.find((l) => l.person === "cem");
  assert.equal(own.verdict, "both_wrong");
  assert.equal(own.note, "1 wrong date, u know");
  assert.deepEqual(own.tags, ["date", "unit"]);
  assert.deepEqual(own.corrected, { role: "assistant", content: "It arrives on 7 May." });
  assert.ok(own.messages.length > 0 && own.production && own.candidate);
});

test("what was begun on a card is there again after looking at another, and after the verdict is undone", { skip }, async () => {
  const review = await app.review();
  const { queue } = await app.service.call("GET", `/api/reviews/${review}?person=dan`);
  const note = (page) => page.locator(".more-to-say textarea").first();
  const at = (page, i) => page.waitForFunction((record) => location.href.includes(record) && document.querySelector(".verdicts"), encodeURIComponent(queue[i].record_id));
  await app.open(`/review/${review}/${encodeURIComponent(queue[0].record_id)}`, { person: "dan" }, async (page) => {
    await page.locator(".verdicts button").first().waitFor();
    await page.keyboard.press("n");
    await page.keyboard.type("wrong unit");
    await page.keyboard.press("Escape");
    await page.keyboard.press("j");
    await at(page, 1);
    assert.equal(await note(page).inputValue(), "");
    await page.keyboard.press("k");
    await at(page, 0);
    assert.equal(await note(page).inputValue(), "wrong unit");
    await page.keyboard.press("4");
    await at(page, 1);
    await page.keyboard.press("u");
    await at(page, 0);
    await page.locator(".verdicts button[aria-pressed=true]").waitFor({ state: "detached" });
    assert.equal(await note(page).inputValue(), "wrong unit");
    await page.keyboard.press("3");
    await at(page, 1);
  });
  const lines = (await (await fetch(`${app.service.url}/api/reviews/${review}/labels.jsonl`)).text()).trim().split("\n").map((l) => JSON.parse(l));
  assert.deepEqual(lines.filter((l) => l.person === "dan").map((l) => [l.verdict, l.note]), [["both_fine", "wrong unit"]]);
});

test("a card of any size shows as text and freezes no page", { skip, timeout: 300000 }, async () => {
  const id = await app.review();
  const { queue: [{ record_id: record }] } = await app.service.call("GET", `/api/reviews/${id}`);
  const markup = `<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>`;
  const huge = `${markup} pay \u202e `.repeat(5e6 / 80);
  const deep = `${"[".repeat(50000)}${"]".repeat(50000)}`;
  const calls = Array.from({ length: 10000 }, (_, i) => ({ type: "function", function: { name: `${markup}${i % 7}`, arguments: i === 0 ? { a: huge, b: markup } : i === 1 ? deep : i < 60 ? Object.fromEntries(Array.from({ length: 300 }, (_, k) => [`${markup}${k}`, i])) : {} } }));
  const side = (content, tool_calls) => ({ message: { role: "assistant", content, tool_calls }, failure: null });
  const card = { record_id: record, why: [], source: "evaluation", messages: [...Array.from({ length: 3000 }, (_, i) => ({ role: "user", content: `message ${i}` })), { role: "user", content: huge, tool_calls: calls.slice(0, 200) }],
    left: side(huge, calls), right: side(`other ${huge}`, calls.slice(1)), alike: 0, alike_left: 0, judged_by_others: 0, mine: null, revealed: null };
  const tools = calls.map((c) => ({ type: "function", function: { name: c.function.name, parameters: { type: "object", properties: {} } } }));
  await app.open("/", { person: "gil" }, async (page) => {
    await page.route(`**/items/${encodeURIComponent(record)}?person=*`, (route) => route.fulfill({ json: card }));
    await page.route("**/api/traffic/*/request", (route) => route.fulfill({ json: { tools } }));
    await page.goto(`${app.service.url}/review/${id}/${encodeURIComponent(record)}`);
    await page.locator(".verdicts button").first().waitFor();
    const isQuick = async (what, act) => {
      const began = Date.now();
      await act();
      // A page that is busy does not answer.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
      const took = Date.now() - began;
      // Where other programs have the processor, everything takes longer.
      const sums = await page.evaluate(() => {
        const start = performance.now();
        for (let i = 0, sum = 0; i < 3e7; i++) sum += Math.sqrt(i);
        return performance.now() - start;
      });
      assert.ok(took < Math.max(5000, 100 * sums), `${what} takes ${took} ms, 30 million roots ${sums} ms`);
    };
    await isQuick("drawing", async () => {});
    assert.ok(await page.evaluate(() => document.body.textContent.length) < 300000, "only a part is drawn");
    assert.ok(await page.evaluate(() => document.querySelectorAll("#page *").length) < 30000);
    assert.match(await page.locator(".diff").textContent(), /8,000 of \d,\d+,\d+ characters are shown/);
    assert.match(await page.locator(".diff").textContent(), /<img src=x onerror/);
    await isQuick("typing", async () => {
      await page.keyboard.press("n");
      await page.keyboard.type("too long");
    });
    await isQuick("more", () => page.locator(".diff").getByRole("button", { name: "show more", exact: true }).click());
    await isQuick("more arguments", () => page.locator(".diff").getByRole("button", { name: /more calls/ }).click());
    await seen(page, "9,950 more calls");
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    assert.equal(await page.locator("#page img, #page script").count(), 0);
  });
});

test("what other people say arrives by itself, and what is being written stays", { skip }, async () => {
  const id = await app.review();
  const { queue } = await app.service.call("GET", `/api/reviews/${id}`);
  const { record_id: record } = queue[queue.length - 2];
  const say = (verdict) => app.service.call("POST", `/api/reviews/${id}/items/${encodeURIComponent(record)}/labels`, { person: "hal", verdict });
  const judged = async () => (await app.service.call("GET", `/api/reviews/${id}`)).counts.judged;
  const before = await judged();
  await app.open("/review", { person: "ida" }, async (page) => {
    await seen(page, `${before} of ${queue.length}`);
    await page.waitForTimeout(2500);
    await say("both_fine");
    await seen(page, `${before + 1} of ${queue.length}`);
  });
  await app.service.call("DELETE", `/api/reviews/${id}/items/${encodeURIComponent(record)}/labels?person=hal`);
  await app.open(`/review/${id}/${encodeURIComponent(record)}`, { person: "ida" }, async (page) => {
    await page.locator(".verdicts button").first().waitFor();
    await page.keyboard.press("n");
    await page.keyboard.type("half a thought");
    await page.waitForTimeout(2500);
    await say("both_wrong");
    await page.locator(".tag", { hasText: "judged by another person too" }).waitFor();
    assert.equal(await page.locator(".more-to-say textarea").first().inputValue(), "half a thought");
  });
  await app.open(`/review/${id}`, { person: "ida" }, async (page) => {
    await seen(page, `${before + 1} of ${queue.length}`);
    await app.service.call("DELETE", `/api/reviews/${id}/items/${encodeURIComponent(record)}/labels?person=hal`);
    await seen(page, `${before} of ${queue.length}`);
  });
});

test("scripts do what the pages do", { skip }, async () => {
  const opened = await app.service.command("review", "open", app.job);
  const [{ id }] = (await app.service.call("GET", "/api/reviews")).reviews;
  assert.ok(opened.includes(`${app.service.url}/review/${id}`), opened);
  const { queue } = await app.service.call("GET", `/api/reviews/${id}?person=dee`);
  const { record_id } = queue[queue.length - 1];
  const shown = await app.service.command("review", "show", id, "--person", "dee");
  assert.match(shown, new RegExp(`^router of demo: small, base-eval against production on \\d+ rows, of which \\d+ differ\\n  judged \\d+ of ${queue.length}`));
  assert.ok(queue.every((item) => shown.includes(item.record_id)), "every row can be named");
  const card = await app.service.command("review", "show", id, record_id, "--person", "dee");
  assert.ok(/^user$/m.test(card) && /^left$/m.test(card) && /^right$/m.test(card) && !/candidate|production/.test(card), card);
  assert.match(await app.service.command("review", "show", id, record_id, "--person", "dee", "--reveal"), /^(left|right), the candidate$/m);
  await app.service.command("review", "label", id, record_id, "left_better", "--person", "dee");
  assert.match(await app.service.command("review", "show", id, record_id, "--person", "dee"), /^you said: left better$/m);
  await app.service.command("review", "label", id, record_id, "production_better", "--person", "dee", "--note", "late", "--tag", "date", "--corrected", '{"content": "7 May"}');
  const own = async () => (await app.service.command("review", "labels", id)).trim().split("\n").map((l) => JSON.parse(l)).filter((l) => l.person === "dee");
  assert.deepEqual((await own()).map((l) => [l.record_id, l.verdict, l.note, l.tags, l.corrected]), [[record_id, "production_better", "late", ["date"], { content: "7 May" }]]);
  await app.service.command("review", "label", id, record_id, "--withdraw", "--person", "dee");
  assert.deepEqual(await own(), []);
  assert.match(await app.service.command("review", "list"), new RegExp(`${id}.* of ${queue.length}`));
});

test("a run's datasets have their card, with what people corrected, beside that of another run of the traffic", { skip, timeout: 600000 }, async () => {
  const { id } = await app.service.call("POST", "/api/jobs", { workload_id: "router", client_id: "demo", data_split_config: { eval_size: 200 } });
  for (let state = ""; !["completed", "failed"].includes(state);) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    state = (await app.service.call("GET", `/api/jobs/${id}`)).status;
  }
  // What was corrected in the review of the first run is counted in the second's card, whatever became of it.
  const { corrections } = (await app.service.call("GET", `/api/jobs/${id}/report`)).dataset;
  const { given, train, validation, evaluation_unchanged: kept, left_out: out, superseded, not_in_window: gone, unusable } = corrections;
  assert.ok(given > 0);
  assert.equal(train + validation + kept + out + superseded + gone + unusable, given);
  const rows = (await app.service.call("GET", `/api/jobs/${app.job}`)).datasets.find((d) => d.name.includes("-eval-")).num_records;
  await app.open("/datasets", {}, async (page) => {
    await page.getByRole("link", { name: app.job.slice(0, 8) }).click();
    await heading(page, "Datasets of router");
    await seen(page, "SHA-256");
    assert.equal(await page.getByRole("heading", { name: "corrections" }).count(), 1);
    await page.getByLabel("run").selectOption(id);
    await seen(page, "The datasets differ.");
    const row = page.locator("tr", { hasText: "eval: rows" });
    assert.deepEqual(await row.locator("td").allTextContents(), ["200", String(rows), `+${rows - 200}`]);
    assert.match(page.url(), new RegExp(`with=${id}`));
    const lineage = page.locator(".lineage");
    const review = await app.review();
    await lineage.locator(`a[href="/review/${review}"]`).waitFor();
    await lineage.locator('a[href="/traffic?workload=router&client=demo"]').waitFor();
    await lineage.getByText("no model of it was proposed").waitFor();
  });
});

test("what a promoted model answers otherwise on live traffic is marked, judged alone and counted apart", { skip, timeout: 600000 }, async () => {
  await app.restart((config) => config.replace("promotion: {", "promotion: {shadow: {share: 1}, "));
  const review = await app.review();
  const before = await app.service.call("GET", `/api/reviews/${review}`);
  // It gives no tool's call, whatever it is asked.
  const { id, digest } = await app.service.call("POST", "/api/promotions", { job_id: app.job, upstream: "small", served_model: "silent", person: "ada" });
  await app.act(id, "sign", "bob", { digest });
  await app.act(id, "start_shadow", "op");
  const gateway = (await readFile(path.join(app.service.folder, "data/gateway.url"), "utf8")).trim();
  for (const { request } of app.documents.filter((d) => d.response.choices[0].message.tool_calls?.length > 0).slice(0, 3)) {
    const answer = await fetch(`${gateway}/v1/chat/completions`, {
      method: "POST", body: JSON.stringify({ ...request, model: "echo" }), headers: { "content-type": "application/json", "x-flywheel-workload": "router", "x-flywheel-client": "demo" },
    });
    assert.equal(answer.status, 200, await answer.text());
  }
  const live = async () => (await app.service.call("GET", `/api/reviews/${review}?source=shadow&person=fay`)).queue;
  for (let i = 0; i < 100 && (await live()).length < 3; i++) await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal((await live()).length, 3);
  await app.open(`/review/${review}`, { person: "fay" }, async (page) => {
    await page.getByLabel("rows").selectOption("shadow");
    await page.waitForFunction(() => document.querySelectorAll(".queue-line").length === 3);
    assert.match(page.url(), /from=shadow/);
    const [name, state] = await page.locator(".queue-line").first().evaluate((line) => [...line.children].map((e) => e.getBoundingClientRect().toJSON()));
    assert.ok(name.right <= state.left && name.height < 30, "a row's name, tags and state stand beside each other");
    await page.getByRole("link", { name: "judge the next row" }).click();
    await page.locator(".card-bar .tag", { hasText: "of live traffic" }).waitFor();
    await seen(page, "1 of 3; 0 judged by you");
    await judge(page, 2, () => "3");
    await seen(page, "3 of 3; 2 judged by you");
    await page.getByRole("link", { name: "Review", exact: true }).last().click();
    const box = page.locator(".figure-box", { hasText: "of live traffic" });
    await box.getByText("2 of 3").waitFor();
    await box.getByText(/on 100\.0\s% of 2 the candidate is no worse/).waitFor();
  });
  const after = await app.service.call("GET", `/api/reviews/${review}`);
  assert.deepEqual(after.quality, before.quality);
  assert.equal(after.counts.judged, before.counts.judged + 2);
});

test("undo takes back all that a verdict was given to, and never what another person said", { skip, timeout: 300000 }, async () => {
  const review = await app.review();
  const seenBy = async (person) => (await app.service.call("GET", `/api/reviews/${review}?person=${person}`)).queue;
  const judgedBy = async (person) => (await seenBy(person)).filter((i) => i.mine !== null).length;
  const queue = await seenBy("gus");
  const groups = queue.reduce((m, i) => m.set(i.group, [...(m.get(i.group) ?? []), i.record_id]), new Map());
  const group = [...groups.values()].sort((a, b) => b.length - a.length)[0];
  assert.ok(group.length > 2);
  await app.open(`/review/${review}/${encodeURIComponent(group[0])}`, { person: "gus" }, async (page) => {
    const at = async (record) => {
      await page.waitForFunction((r) => location.pathname.endsWith(encodeURIComponent(r)), record);
      await page.locator(".verdicts button:enabled").first().waitFor();
    };
    await at(group[0]);
    const before = page.url();
    await page.keyboard.press("a");
    await page.keyboard.press("2");
    await page.waitForFunction((url) => location.href !== url, before);
    assert.equal(await judgedBy("gus"), group.length);
    await page.getByRole("button", { name: `undo all ${group.length}` }).click();
    await at(group[0]);
    await page.getByRole("status").filter({ hasText: "0 judged by you" }).waitFor();
    assert.equal(await judgedBy("gus"), 0);
  });
  const [row, other] = queue.filter((i) => !group.includes(i.record_id)).map((i) => i.record_id);
  await app.service.call("POST", `/api/reviews/${review}/items/${encodeURIComponent(row)}/labels`, { person: "ben", verdict: "both_fine", note: "my own" });
  await app.open(`/review/${review}/${encodeURIComponent(row)}`, { person: "gus" }, async (page) => {
    await page.locator(".verdicts button:enabled").first().waitFor();
    const before = page.url();
    await page.keyboard.press("1");
    await page.waitForFunction((url) => location.href !== url, before);
    await page.getByRole("button", { name: /^undo/, disabled: false }).waitFor();
    await page.getByRole("link", { name: "Review", exact: true }).last().click();
    await page.getByLabel("your name").fill("ben");
    await page.keyboard.press("Enter");
    await page.locator(".queue-line").nth(queue.findIndex((i) => i.record_id === other)).click();
    await page.getByRole("button", { name: /^undo/, disabled: true }).waitFor();
    await page.locator("h1").click();
    await page.keyboard.press("u");
    await page.waitForTimeout(500);
    assert.equal(await judgedBy("ben"), 1, "it was said elsewhere");
    assert.equal(await judgedBy("gus"), 1);
  });
});

test("the arrow keys scroll the conversation that has the focus, and judge where nothing scrolls", { skip }, async () => {
  const review = await app.review();
  const { queue } = await app.service.call("GET", `/api/reviews/${review}?person=ivy`);
  const judged = async () => (await app.service.call("GET", `/api/reviews/${review}?person=ivy`)).queue.filter((i) => i.mine !== null).length;
  await app.open(`/review/${review}/${encodeURIComponent(queue[0].record_id)}`, { person: "ivy" }, async (page) => {
    await page.locator(".verdicts button:enabled").first().waitFor();
    const before = page.url();
    await page.getByRole("list", { name: "conversation" }).focus();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowRight");
    await page.waitForTimeout(500);
    assert.deepEqual([await judged(), page.url()], [0, before]);
    await page.locator("h1").focus();
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction((url) => location.href !== url, before);
    assert.equal(await judged(), 1);
  });
});
