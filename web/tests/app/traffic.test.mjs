// Workloads, their traffic, and one interaction.
import assert from "node:assert/strict";
import { test } from "node:test";
import { application, heading, interaction, openFarDown, seen, skip } from "./application.mjs";

const app = application();

const kHostile = {
  markup: `<img src=x onerror="window.pwned=1"><script>window.pwned=2</script></bdi></p><a href="javascript:window.pwned=3">press</a>`,
  bidi: "pay \u202e001 tpiecer\u202c now\u200b",
};

test("a workload shows what its traffic adds up to, and leads to the interactions of a class", { skip }, async () => {
  await app.service.load(app.documents);
  const byClass = new Map();
  for (const d of app.documents) {
    const name = d.response.choices[0].message.tool_calls?.[0]?.function.name ?? "no_tool";
    byClass.set(name, (byClass.get(name) ?? 0) + 1);
  }
  await app.open("/workloads", {}, async (page) => {
    await page.getByRole("link", { name: "router" }).click();
    await heading(page, "router");
    assert.match(page.url(), /\/workloads\/router\?client=/);
    const tokens = app.documents.reduce((a, d) => a + (d.response.usage?.prompt_tokens ?? 0) + (d.response.usage?.completion_tokens ?? 0), 0);
    const cost = app.documents.reduce((a, d) => a + 2.5e-6 * (d.response.usage?.prompt_tokens ?? 0) + 1e-5 * (d.response.usage?.completion_tokens ?? 0), 0);
    await page.locator(".figure-box", { hasText: "interactions" }).first().waitFor();
    const figures = await page.locator(".figure-box strong").allTextContents();
    assert.ok(figures.some((f) => f === `$${cost.toFixed(2)}`), `${figures} for ${cost}`);
    assert.ok(figures.some((f) => f.startsWith((tokens / 1e3).toFixed(0).slice(0, 2))), `${figures} for ${tokens}`);
    const [name, count] = [...byClass].sort((a, b) => b[1] - a[1])[0];
    const line = page.locator(".counts li", { hasText: name }).first();
    assert.match(await line.textContent(), new RegExp(`${name}${count}`));
    await line.getByRole("link").click();
    await heading(page, "Traffic");
    assert.equal(new URL(page.url()).searchParams.get("class"), name);
  });
});

test("workloads named like steps of a path have pages, and what nobody counted is not known", { skip }, async () => {
  const names = [".", "..", "~."];
  await app.service.load(names.map((workload, i) => interaction(`dots-${i}`, { workload })));
  for (const name of names) {
    await app.open("/workloads", {}, async (page) => {
      await page.getByRole("link", { name, exact: true }).click();
      await page.locator("h1", { hasText: name }).waitFor();
      await page.locator(".figure-box", { hasText: "interactions" }).first().waitFor();
      const figure = async (title) => page.locator(".figure-box", { hasText: title }).first().textContent();
      assert.match(await figure("tokens"), /not known.*1 do not say/);
      assert.match(await figure("cost"), /not known/);
      await page.reload();
      await page.locator("h1", { hasText: name }).waitFor();
    });
  }
});

test("traffic is filtered, every filter stands in the address, and what is found is all there is", { skip }, async () => {
  const wanted = app.documents.filter((d) => d.response.choices[0].message.tool_calls?.[0]?.function.name === "get_order").length;
  await app.open("/traffic?class=get_order", {}, async (page) => {
    await page.getByLabel("class").waitFor();
    for (let i = 0; i < 60 && !/^\d+ interactions$/.test(await page.locator(".found [role=status]").textContent()); i++) {
      await page.mouse.wheel(0, 20000);
      await page.waitForTimeout(200);
    }
    assert.equal(await page.locator(".found [role=status]").textContent(), `${wanted} interactions`);
    assert.ok(await page.locator(".virtual > div").count() < 80, "only what is seen is drawn");
    await page.getByLabel("text", { exact: true }).fill("parcel");
    await page.waitForFunction(() => location.search.includes("text=parcel"));
    await page.getByRole("button", { name: "clear filters" }).click();
    await page.waitForFunction(() => location.search === "");
  });
});

test("each filter leaves what it says, and all together nothing else", { skip }, async () => {
  const toolOf = (d) => d.response.choices[0].message.tool_calls?.[0]?.function.name;
  // One page of the list.
  const byTool = app.documents.reduce((m, d) => m.set(toolOf(d), [...(m.get(toolOf(d)) ?? []), d]), new Map());
  const [tool, mine] = [...byTool].filter(([name, list]) => name && list.length < 90).sort((a, b) => b[1].length - a[1].length)[0];
  const times = mine.map((d) => d.timestamp).sort((a, b) => a - b);
  const middle = Math.floor(times[Math.floor(times.length / 2)] / 60) * 60;
  const shown = (page, count) => page.locator(".found [role=status]", { hasText: new RegExp(`^${count} interactions?$`) }).waitFor();
  await app.open(`/traffic?class=${tool}`, {}, async (page) => {
    await shown(page, mine.length);
    const model = mine[0].response.model;
    for (const [label, value, fits] of [
      ["workload", "router", () => true], ["client", "demo", () => true], ["tool called", tool, () => true],
      ["tool called", "cancel_nothing", () => false], ["model", model, (d) => d.response.model === model], ["model", "no-such-model", () => false],
      ["end", "finished", () => true], ["end", "refused", () => false], ["way in", "upload", () => true], ["way in", "gateway", () => false],
      ["errors", "1", () => false], ["errors", "0", () => true],
      ["from (UTC)", new Date(middle * 1000).toISOString().slice(0, 16), (d) => d.timestamp >= middle],
      ["until (UTC)", new Date(middle * 1000).toISOString().slice(0, 16), (d) => d.timestamp < middle],
    ]) {
      const field = page.locator(`xpath=//label[text()[normalize-space()="${label}"]]/*[self::input or self::select]`);
      if (await field.evaluate((e) => e.tagName) === "SELECT") await field.selectOption(value);
      else await field.fill(value);
      await page.waitForFunction(() => new URLSearchParams(location.search).size === 2);
      await shown(page, mine.filter(fits).length);
      await page.goto(`${app.service.url}/traffic?class=${tool}`);
      await shown(page, mine.length);
    }
  });
});

test("the way back from an interaction leads to the same place of the same list", { skip }, async () => {
  await app.open("/traffic?workload=router", {}, async (page) => {
    const place = await openFarDown(page);
    assert.match(page.url(), /\/traffic\/[^?]+\?workload=router$/);
    await page.goBack();
    await page.locator(".interaction").first().waitFor();
    await page.waitForFunction((y) => Math.abs(scrollY - y) < 200, place);
  });
});

test("one interaction shows messages, arguments by name, tools and the very bytes", { skip }, async () => {
  const { interactions } = await app.service.call("GET", "/api/traffic?class=get_order&limit=1");
  const raw = await (await fetch(`${app.service.url}/api/traffic/${encodeURIComponent(interactions[0].id)}/request`)).text();
  await app.open(`/traffic/${encodeURIComponent(interactions[0].id)}`, {}, async (page) => {
    await page.locator(".turns .turn.user").first().waitFor();
    assert.equal(await page.locator(".arguments th").first().textContent(), "order_id");
    await page.getByText("request", { exact: true }).click();
    await page.locator(".raw").waitFor();
    const shown = await page.locator(".raw .code").textContent();
    assert.equal(shown.replace(/\s/g, ""), raw.replace(/\s/g, ""));
  });
});

test("hostile traffic shows as text, executes nothing and freezes no page", { skip, timeout: 300000 }, async () => {
  const tools = Array.from({ length: 10000 }, (_, i) => ({ type: "function", function: { name: `tool_${i}${i === 0 ? kHostile.markup : ""}`, description: "d", parameters: { type: "object", properties: { x: { type: "string" } } } } }));
  await app.service.load([
    interaction("markup", { content: kHostile.markup, name: kHostile.markup.slice(0, 60), args: JSON.stringify({ [kHostile.markup]: kHostile.markup }), at: 1_790_000_001 }),
    interaction("bidi", { content: kHostile.bidi, at: 1_790_000_002 }),
    interaction("long", { content: "word \u202e ".repeat(5e6 / 8), at: 1_790_000_003 }),
    interaction("tools", { tools, at: 1_790_000_004 }),
    interaction("strange", { workload: "<b>w</b>/../x?y#z", client: "c\"'>", at: 1_790_000_005 }),
  ]);
  const { interactions } = await app.service.call("GET", "/api/traffic?workload_id=hostile&limit=10");
  assert.equal(interactions.length, 4);
  const unharmed = async (page) => {
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    assert.equal(await page.locator("#page img, #page script, #page iframe, #page a[href^=javascript]").count(), 0);
  };
  await app.open("/traffic?workload=hostile", {}, async (page) => {
    await page.locator(".interaction").nth(3).waitFor();
    assert.match(await page.locator(".virtual").textContent(), /<img src=x onerror/);
    await unharmed(page);
  });
  for (const { id } of interactions) {
    await app.open(`/traffic/${encodeURIComponent(id)}`, {}, async (page) => {
      await page.locator(".turns .turn").first().waitFor();
      await unharmed(page);
      // A page that is busy does not answer.
      const began = Date.now();
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
      assert.ok(Date.now() - began < 3000, "the page answers");
      assert.ok(await page.evaluate(() => document.body.textContent.length) < 200000, "only a part is drawn");
      assert.ok(await page.evaluate(() => document.querySelectorAll("#page *").length) < 20000);
    });
  }
  const bidi = interactions.find((i) => i.asked.startsWith("pay"));
  await app.open(`/traffic/${encodeURIComponent(bidi.id)}`, {}, async (page) => {
    await page.locator(".turns .hidden-char").first().waitFor();
    assert.deepEqual(await page.locator(".turns .hidden-char").allTextContents(), ["U+202E", "U+202C", "U+200B"]);
  });
  await app.open("/workloads", {}, async (page) => {
    await page.getByRole("link", { name: "<b>w</b>/../x?y#z" }).click();
    await heading(page, "<b>w</b>/../x?y#z");
    await page.locator(".figure-box").first().waitFor();
    await page.reload();
    await page.locator(".figure-box").first().waitFor();
    await unharmed(page);
  });
});

test("an interaction says which runs it went into", { skip }, async () => {
  const { interactions } = await app.service.call("GET", "/api/traffic?workload_id=router&limit=100");
  const lineage = (id) => app.service.call("GET", `/api/traffic/${encodeURIComponent(id)}/lineage`);
  const made = await Promise.all(interactions.map(async ({ id }) => ({ id, jobs: (await lineage(id)).jobs })));
  const one = made.find((m) => m.jobs.some((j) => j.id === app.job));
  await app.open(`/traffic/${encodeURIComponent(one.id)}`, {}, async (page) => {
    await page.getByText("what was made of it").click();
    await page.locator(".lineage li").first().waitFor();
    assert.deepEqual(await page.locator(".lineage li > a:first-child").allTextContents(), one.jobs.map((j) => j.id));
    await page.locator(".lineage").getByRole("link", { name: app.job }).click();
    await heading(page, /router/);
  });
});

test("an interaction is taken along as a command that asks the same again", { skip }, async () => {
  const { interactions } = await app.service.call("GET", "/api/traffic?workload_id=router&limit=1");
  const where = `/traffic/${encodeURIComponent(interactions[0].id)}`;
  const { execFileSync } = await import("node:child_process");
  await app.open(where, { permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
    await page.getByRole("button", { name: "copy as curl" }).click();
    await seen(page, "copied");
    const command = await page.evaluate(() => navigator.clipboard.readText());
    const asked = { ...process.env, BASE_URL: `${app.service.url}/nowhere/v1` };
    const said = execFileSync("bash", ["-c", command.replace("curl -sS", "printf '%s\n'")], { env: asked }).toString().trim().split("\n");
    assert.equal(said[0], `${asked.BASE_URL}/chat/completions`);
    const request = await (await fetch(`${app.service.url}/api${where}/request`)).json();
    assert.deepEqual(JSON.parse(said.at(-1)), request);
  });
});

test("an answer is marked as wrong, once, and the mark is shown to whoever comes next", { skip }, async () => {
  const { interactions } = await app.service.call("GET", "/api/traffic?workload_id=router&limit=2");
  const where = `/traffic/${encodeURIComponent(interactions[1].id)}`;
  await app.open(where, {}, async (page) => {
    await page.getByRole("button", { name: "mark as wrong" }).click();
    await page.getByLabel("what is wrong").fill("<b>another order</b>");
    await page.getByRole("button", { name: "mark as wrong" }).click();
    await page.locator(".badge", { hasText: "marked as wrong" }).waitFor();
  });
  await app.open(where, {}, async (page) => {
    await seen(page, "<b>another order</b>");
    assert.equal(await page.getByRole("button", { name: "mark as wrong" }).count(), 0);
  });
  const { feedback } = await app.service.call("GET", "/api/feedback");
  assert.deepEqual([feedback[0].record_id, feedback[0].score, feedback[0].comment], [interactions[1].id, 0, "<b>another order</b>"]);
});

test("an interaction is erased after it was said what that takes along and what it leaves", { skip }, async () => {
  const { interactions } = await app.service.call("GET", "/api/traffic?workload_id=router&limit=100");
  const lineage = async ({ id }) => (await app.service.call("GET", `/api/traffic/${encodeURIComponent(id)}/lineage`)).jobs;
  let one;
  for (const each of interactions.slice(2)) if ((await lineage(each)).length > 0) { one = each; break; }
  await app.open(`/traffic/${encodeURIComponent(one.id)}`, { person: "ada", breaks: true }, async (page) => {
    await page.getByRole("button", { name: "erase" }).click();
    const form = page.getByRole("form", { name: "erase" });
    await form.getByText("Rows of it stay in 1 run").waitFor();
    await form.getByRole("button", { name: "no" }).click();
    assert.equal((await app.service.call("GET", `/api/traffic/${encodeURIComponent(one.id)}`)).id, one.id, "nothing is gone yet");
    await page.getByRole("button", { name: "erase" }).click();
    await form.getByLabel("why").fill("asked to");
    await form.getByRole("button", { name: "yes, erase it" }).click();
    await page.getByText("Erased: nothing of it is left").waitFor();
    assert.ok(!(await page.locator("#page").textContent()).includes(one.asked.slice(0, 30)), "nor on the page");
    await page.reload();
    await page.getByRole("alert").filter({ hasText: "may have been removed" }).waitFor();
  });
  const { erasures } = await app.service.call("GET", "/api/log/erasures");
  assert.deepEqual([erasures.at(-1).person, erasures.at(-1).reason, erasures.at(-1).records], ["ada", "asked to", 1]);
});

test("what was erased is in no list: not in the one that is gone back to, and not in one that is open elsewhere", { skip }, async () => {
  const says = (i) => interaction(`erased-${i}`, { workload: "erased", content: `my own secret ${i}`, at: 1_790_000_200 + i });
  await app.service.load([says(1), says(2), says(3)]);
  const row = (page, i) => page.locator(".interaction", { hasText: `my own secret ${i}` });
  await app.open("/traffic?workload=erased", { person: "ada" }, async (elsewhere) => {
    await row(elsewhere, 3).waitFor();
    for (const [i, back] of [[1, (page) => page.goBack()], [2, (page) => page.locator(".eyebrow a").click()]]) {
      await app.open("/traffic?workload=erased", { person: "ada", breaks: true }, async (page) => {
        await row(page, i).click();
        await page.getByRole("button", { name: "erase" }).click();
        await page.getByRole("button", { name: "yes, erase it" }).click();
        await page.getByText("Erased: nothing of it is left").waitFor();
        await back(page);
        await heading(page, "Traffic");
        assert.equal(await row(page, i).count(), 0, "it was kept in the page");
        await row(page, 3).waitFor();
        assert.equal(await row(page, i).count(), 0);
      });
      await row(elsewhere, i).waitFor({ state: "detached" });
      await row(elsewhere, 3).waitFor();
    }
  });
  // Others came in the same moment: there are not fewer.
  await app.open("/traffic?workload=erased", {}, async (page) => {
    await row(page, 3).waitFor();
    await page.locator(".connection.on").waitFor();
    await app.service.load([says(4), says(5)]);
    await app.service.call("POST", "/api/log/erasures", { containing: "my own secret 3", dry_run: false, person: "ada", reason: "" });
    await row(page, 3).waitFor({ state: "detached" });
    await row(page, 4).waitFor();
  });
});

test("scripts find, show and rate what the page does", { skip }, async () => {
  const { interactions } = await app.service.call("GET", "/api/traffic?class=get_order&text=parcel&limit=500");
  const found = (await app.service.command("log", "find", "--class", "get_order", "--text", "parcel", "--limit", "0", "--json")).trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(found.map((one) => one.id), interactions.map((one) => one.id));
  const few = await app.service.command("log", "find", "--workload", "router", "--limit", "2");
  assert.equal(few.trim().split("\n").length, 6, few);
  assert.equal((await app.service.command("log", "find", "--model", "no-such-model")).trim(), "no interaction is like that");
  const { id } = found.at(-1);
  assert.equal(JSON.parse(await app.service.command("log", "show", id)).id, id);
  const raw = await (await fetch(`${app.service.url}/api/traffic/${encodeURIComponent(id)}/request`)).text();
  assert.equal(await app.service.command("log", "show", id, "--request"), `${raw}\n`);
  assert.ok(Array.isArray(JSON.parse(await app.service.command("log", "show", id, "--lineage")).jobs));
  await app.service.command("log", "rate", id, "bad", "--comment", "late");
  const { feedback } = await app.service.call("GET", "/api/feedback");
  assert.deepEqual([feedback[0].record_id, feedback[0].score, feedback[0].comment], [id, 0, "late"]);
});

test("a workload leads to what was made of it: its promotions, runs and datasets", { skip }, async () => {
  const id = await app.proposed();
  await app.open("/workloads/router?client=demo", {}, async (page) => {
    await page.locator(`a[href="/promotions/${id}"]`, { hasText: "small, zero-shot" }).waitFor();
    await page.locator(`a[href="/runs/${app.job}"]`).waitFor();
    await page.locator(`a[href="/datasets/${app.job}"]`).click();
    await heading(page, "Datasets of router");
  });
});

test("what was redacted is shown as such, and what only looks so is not", { skip, timeout: 300000 }, async () => {
  await app.restart((config) => `${config}redact: {rules: [{kind: email}, {name: order no, pattern: 'ORD-[0-9]+'}]}\n`);
  await app.service.load([interaction("redacted", { content: "I am ada@example.com, about ORD-4711; [CARD] and [TODO] I wrote myself", workload: "private", at: 1_790_000_100 })]);
  const { interactions: [one] } = await app.service.call("GET", "/api/traffic?workload_id=private&limit=1");
  await app.open(`/traffic/${encodeURIComponent(one.id)}`, {}, async (page) => {
    await page.locator(".turns .redacted").first().waitFor();
    assert.deepEqual(await page.locator(".turns .redacted").allTextContents(), ["[EMAIL]", "[ORDER_NO]"]);
    await seen(page, "I am");
  });
});

test("an interaction whose content has expired says so, and its figures stay", { skip }, async () => {
  await app.service.load([interaction("fading", { workload: "fading", content: "my door is the green one", at: 1_700_000_000 })]);
  await app.restart((config) => `${config}log_store: {retention: {workload_content_days: {fading: 30}}}\n`);
  const one = async () => (await app.service.call("GET", "/api/traffic?workload_id=fading")).interactions[0];
  for (let i = 0; i < 200 && (await one()).content_expired === null; i++) await new Promise((resolve) => setTimeout(resolve, 50));
  await app.open("/traffic?workload=fading", {}, async (page) => {
    await page.locator("a.interaction", { hasText: "content expired" }).click();
    await page.getByText("The content of this interaction was removed on").waitFor();
    const shown = await page.locator("#page").textContent();
    assert.match(shown, /The answer called .*lookup/);
    assert.match(shown, /1 message/);
    assert.ok(!shown.includes("green one"));
    for (const act of ["copy as curl", "show earlier messages"]) assert.equal(await page.getByRole("button", { name: act }).count(), 0, act);
    assert.equal(await page.getByText("Raw JSON").count(), 0);
    await page.getByText("what was made of it").click();
    await seen(page, "No run has a row of it in its datasets.");
  });
  assert.equal((await app.service.call("GET", "/api/traffic?workload_id=fading&text=green")).interactions.length, 0);
  assert.match(await app.service.command("log", "tail", "--workload", "fading", "--no-follow"), /content expired/);
  const { workloads } = await app.service.call("GET", "/api/statistics?workload_id=fading");
  assert.deepEqual(workloads[0].classes, [{ name: "lookup", records: 1 }]);
});
