// The application's pages over a real service: what a person sees and does, from an empty service to the last verdict of a review.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { lacksService, sample, Service } from "./service.mjs";

const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const skip = lacksService() ?? false;
/** Where pictures of the pages go, for people to look at. */
const pictures = process.env.FLYWHEEL_PICTURES;

const config = (url) => `
nims:
  - {model_name: small, url: '${url}', served_model_name: 'echo-0.8', price: {input_per_million: 0.02, output_per_million: 0.04}}
  - {model_name: silent, url: '${url}', served_model_name: silent, price: {input_per_million: 0.02, output_per_million: 0.04}}
production: {model_name: atlas-large, price: {input_per_million: 2.5, output_per_million: 10}}
data_split_config: {eval_size: 250, val_ratio: 0.1, random_seed: 7, limit: null, min_total_records: 300}
icl_config: {max_context_length: 32768, reserved_tokens: 1024, max_examples: 1}
evaluation: {parallelism: 8, variants: [base-eval]}
promising: {margin: 0.3}
review: {open: always}
dataset: {use_corrections: true}
webhooks: [{url: 'http://127.0.0.1:9/hook/k3y', secret_env: FLYWHEEL_TEST_HOOK, max_attempts: 1}]
gateway: {port: 0, upstreams: [{name: production, url: '${url}'}, {name: small, url: '${url}'}]}
promotion: {canary_steps: [0.5], gates: {slow_after_seconds: 2}}
`;

const kHostile = {
  markup: `<img src=x onerror="window.pwned=1"><script>window.pwned=2</script></bdi></p><a href="javascript:window.pwned=3">press</a>`,
  bidi: "pay \u202e001 tpiecer\u202c now\u200b",
};
const interaction = (id, { content = "hello", tools, name = "lookup", workload = "hostile", client = "h", at = 1_790_000_000, args = "{}" } = {}) => ({
  timestamp: at, workload_id: workload, client_id: client,
  request: { model: "big", messages: [{ role: "user", content }], ...(tools && { tools }) },
  response: { id, model: "big", choices: [{ index: 0, finish_reason: "tool_calls", message: { role: "assistant", content: null, tool_calls: [{ id: "c", type: "function", function: { name, arguments: args } }] } }] },
});

let browser, service, job, documents;
before(async () => {
  if (skip) return;
  browser = await launch();
  documents = await sample(900);
  service = new Service();
  const url = await service.echoOf(documents);
  await service.start({ config: config(url) });
}, { timeout: 300000 });
after(async () => {
  await browser?.close();
  await service?.close();
});

/** Opens a page of the service; fails on any error of the page, on requests to elsewhere and on what the policy refused. */
async function open(address, options, use) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  try {
    // A busy machine is no fault of the page.
    context.setDefaultTimeout(120000);
    await context.addInitScript(() => {
      window.refused = [];
      document.addEventListener("securitypolicyviolation", (e) => window.refused.push(e.violatedDirective));
    });
    if (options?.person) await context.addInitScript((name) => localStorage.setItem("flywheel.person", name), options.person);
    const page = await context.newPage();
    const troubles = [];
    page.on("pageerror", (e) => troubles.push(String(e)));
    page.on("console", (m) => { if (m.type() === "error" && !options?.breaks) troubles.push(m.text()); });
    page.on("request", (r) => { if (!r.url().startsWith(service.url) && !/^(blob|data):/.test(r.url())) troubles.push(`request to ${r.url()}`); });
    await page.goto(service.url + address);
    await use(page);
    assert.deepEqual(await page.evaluate(() => window.refused), [], "refused by the policy");
    assert.deepEqual(troubles, []);
  } finally {
    await context.close();
  }
}

const heading = (page, text) => page.getByRole("heading", { level: 1, name: text }).waitFor();
const seen = (page, text) => page.getByText(text).first().waitFor();

test("an empty service shows lines to paste, and the page notices what arrives", { skip }, async () => {
  await open("/", {}, async (page) => {
    await page.getByRole("heading", { name: "Send the first traffic" }).waitFor();
    assert.match(await page.locator("pre").nth(1).textContent(), /curl -sS http:\/\/127\.0\.0\.1:\d+\/api\/records/);
    await seen(page, "waiting for the first interaction");
    await service.load(documents.slice(0, 3));
    await page.locator(".card").first().waitFor();
    assert.equal(await page.getByRole("heading", { name: "Send the first traffic" }).count(), 0);
  });
});

test("the pasted line is taken by the service as it is", { skip }, async () => {
  const { execFileSync } = await import("node:child_process");
  const empty = await new Service().start();
  try {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${empty.url}/`);
    const line = await page.locator("pre").nth(1).textContent();
    assert.equal(JSON.parse(execFileSync("bash", ["-c", line])).appended, 1);
    await page.locator(".card").first().waitFor();
    await context.close();
  } finally {
    await empty.close();
  }
});

test("a workload shows what its traffic adds up to, and leads to the interactions of a class", { skip }, async () => {
  await service.load(documents);
  const byClass = new Map();
  for (const d of documents) {
    const name = d.response.choices[0].message.tool_calls?.[0]?.function.name ?? "no_tool";
    byClass.set(name, (byClass.get(name) ?? 0) + 1);
  }
  await open("/workloads", {}, async (page) => {
    await page.getByRole("link", { name: "router" }).click();
    await heading(page, "router");
    assert.match(page.url(), /\/workloads\/router\?client=/);
    const tokens = documents.reduce((a, d) => a + (d.response.usage?.prompt_tokens ?? 0) + (d.response.usage?.completion_tokens ?? 0), 0);
    const cost = documents.reduce((a, d) => a + 2.5e-6 * (d.response.usage?.prompt_tokens ?? 0) + 1e-5 * (d.response.usage?.completion_tokens ?? 0), 0);
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

test("traffic is filtered, every filter stands in the address, and what is found is all there is", { skip }, async () => {
  const wanted = documents.filter((d) => d.response.choices[0].message.tool_calls?.[0]?.function.name === "get_order").length;
  await open("/traffic?class=get_order", {}, async (page) => {
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

test("the way back from an interaction leads to the same place of the same list", { skip }, async () => {
  await open("/traffic?workload=router", {}, async (page) => {
    await page.locator(".interaction").first().waitFor();
    for (let i = 0; i < 4; i++) {
      await page.mouse.wheel(0, 1500);
      await page.waitForTimeout(300);
    }
    const place = await page.evaluate(() => scrollY);
    assert.ok(place > 2000, `${place}`);
    await page.locator(".interaction").nth(15).click();
    await page.getByRole("heading", { name: /^Conversation/ }).waitFor();
    assert.match(page.url(), /\/traffic\/[^?]+\?workload=router$/);
    await page.goBack();
    await page.locator(".interaction").first().waitFor();
    await page.waitForFunction((y) => Math.abs(scrollY - y) < 200, place);
  });
});

test("one interaction shows messages, arguments by name, tools and the very bytes", { skip }, async () => {
  const { interactions } = await service.call("GET", "/api/traffic?class=get_order&limit=1");
  const raw = await (await fetch(`${service.url}/api/traffic/${encodeURIComponent(interactions[0].id)}/request`)).text();
  await open(`/traffic/${encodeURIComponent(interactions[0].id)}`, {}, async (page) => {
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
  await service.load([
    interaction("markup", { content: kHostile.markup, name: kHostile.markup.slice(0, 60), args: JSON.stringify({ [kHostile.markup]: kHostile.markup }), at: 1_790_000_001 }),
    interaction("bidi", { content: kHostile.bidi, at: 1_790_000_002 }),
    interaction("long", { content: "word \u202e ".repeat(5e6 / 8), at: 1_790_000_003 }),
    interaction("tools", { tools, at: 1_790_000_004 }),
    interaction("strange", { workload: "<b>w</b>/../x?y#z", client: "c\"'>", at: 1_790_000_005 }),
  ]);
  const { interactions } = await service.call("GET", "/api/traffic?workload_id=hostile&limit=10");
  assert.equal(interactions.length, 4);
  const unharmed = async (page) => {
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    assert.equal(await page.locator("#page img, #page script, #page iframe, #page a[href^=javascript]").count(), 0);
  };
  await open("/traffic?workload=hostile", {}, async (page) => {
    await page.locator(".interaction").nth(3).waitFor();
    assert.match(await page.locator(".virtual").textContent(), /<img src=x onerror/);
    await unharmed(page);
  });
  for (const { id } of interactions) {
    await open(`/traffic/${encodeURIComponent(id)}`, {}, async (page) => {
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
  await open(`/traffic/${encodeURIComponent(bidi.id)}`, {}, async (page) => {
    await page.locator(".turns .hidden-char").first().waitFor();
    assert.deepEqual(await page.locator(".turns .hidden-char").allTextContents(), ["U+202E", "U+202C", "U+200B"]);
  });
  await open("/workloads", {}, async (page) => {
    await page.getByRole("link", { name: "<b>w</b>/../x?y#z" }).click();
    await heading(page, "<b>w</b>/../x?y#z");
    await page.locator(".figure-box").first().waitFor();
    await page.reload();
    await page.locator(".figure-box").first().waitFor();
    await unharmed(page);
  });
});

test("a run is started with a form that checks beside its fields, and is watched to its end", { skip, timeout: 600000 }, async () => {
  await open("/runs/new?workload=router&client=demo", {}, async (page) => {
    const rows = page.getByLabel(/evaluation rows/);
    await rows.fill("many");
    await seen(page, "must be a whole number from 1");
    await rows.fill("300");
    await page.getByRole("button", { name: "start the run" }).click();
    await heading(page, "Run of router");
    job = page.url().split("/").pop();
    await page.locator(".page-title .badge", { hasText: "completed" }).waitFor({ timeout: 300000 });
    await page.locator(".step-text", { hasText: "300 rows" }).first().waitFor();
    const { status, seed } = await service.call("GET", `/api/jobs/${job}`);
    assert.equal(status, "completed");
    assert.equal(seed, 7, "what the form shows of the configuration holds, beside what was changed");
  });
});

test("stages, rows and the training curve are live, and a lost stream goes on where it was", { skip }, async () => {
  const id = "0123456789abcdef01234567";
  const training = { started_at: "2026-11-27T03:00:00", finished_at: null, runtime_seconds: 0, progress: 0, epochs_completed: 0, steps_completed: 0, steps_total: 0, loss: null, seconds_left: 0, error: null };
  const detail = { id, workload_id: "router", client_id: "demo", status: "running", stage: "customization", started_at: "2026-11-27T03:00:00", run_started_at: "2026-11-27T03:00:00", finished_at: null, num_records: 900,
    seed: 7, workload_type: "tool_calling", llm_judge: null, datasets: [], warnings: [], error: null,
    nims: [{ model_name: "small", status: "running-evals", deployment_status: "ready", deployment: null, runtime_seconds: 1, evaluations: [], customizations: [training], error: null }] };
  const event = (step) => `event: progress\ndata: ${JSON.stringify({ stage: "customization", candidate: 0, step, total_steps: 40, loss: 2 - step / 40, validation_loss: null, seconds_left: 40 - step })}\n\n`;
  const asked = [];
  await open("/", { breaks: true }, async (page) => {
    await page.route(`**/api/jobs/${id}`, (route) => route.fulfill({ json: detail }));
    await page.route(`**/api/jobs/${id}/events`, async (route) => {
      asked.push(route.request().url());
      const steps = asked.length === 1 ? [1, 2, 3, 4, 5] : [6, 7];
      await route.fulfill({ contentType: "text/event-stream", body: `retry: 200\nid: ${asked.length}\nevent: stage\ndata: {}\n\n${steps.map(event).join("")}` });
    });
    await page.goto(`${service.url}/runs/${id}`);
    await page.getByText("fine-tuning").first().waitFor();
    await page.locator("path.loss").first().waitFor({ state: "attached" });
    await page.getByText("step 7 of 40, loss 1.825").waitFor();
    // Asked again after the break. (Which event it goes on from is the browser's header, which interception does not show.)
    assert.ok(asked.length >= 2, `${asked.length}`);
  });
});

test("a field that the service refuses says why", { skip }, async () => {
  await open("/runs/new?workload=nothing&client=demo", { breaks: true }, async (page) => {
    await page.getByRole("button", { name: "start the run" }).click();
    await page.getByRole("alert").filter({ hasText: "there is no traffic of workload" }).waitFor();
  });
});

test("the report is a page, with its links within it", { skip }, async () => {
  await open(`/runs/${job}/report`, {}, async (page) => {
    await page.locator(".decision").waitFor();
    await page.getByRole("link", { name: "cost", exact: true }).click();
    assert.match(page.url(), /report#cost$/);
    await page.getByRole("searchbox").fill("order");
    await page.waitForFunction(() => location.hash.includes("q=order"));
    assert.equal(await page.locator(".decision").count(), 1, "it is still the report");
  });
});

test("two candidates are compared row by row", { skip }, async () => {
  await open(`/runs/${job}/compare`, {}, async (page) => {
    await page.locator("article.row").first().waitFor();
    const total = Number((await page.locator("[role=status]", { hasText: /rows?$/ }).textContent()).match(/\d+/)[0]);
    await page.getByLabel("rows").selectOption("b");
    await page.waitForFunction(() => location.search.includes("show=b"));
    assert.ok(Number((await page.locator("[role=status]", { hasText: /rows?$/ }).textContent()).match(/\d+/)[0]) <= total);
  });
});

/** A proposal of the run, once for all tests. */
let proposal;
async function proposed() {
  proposal ??= (await service.call("POST", "/api/promotions", { job_id: job, upstream: "small", person: "ada", reason: "<b>as good</b>" })).id;
  return proposal;
}

test("a proposal is signed by somebody else, gets copies, a share and all, and is rolled back, by its buttons", { skip }, async () => {
  const id = await proposed();
  await open("/", { person: "bob" }, async (page) => {
    await page.getByText("waits for a signature").click();
    await heading(page, /small/);
    await seen(page, "<b>as good</b>");
    const press = async (name, then) => {
      await page.getByRole("button", { name, exact: true }).click();
      await page.locator(".page-title .badge", { hasText: then }).waitFor();
    };
    await press("Sign", "signed off");
    await press("Start shadow", "shadow");
    await seen(page, "invalid tool calls");
    await press("Start canary", "canary 50");
    await press("Go live", "live");
    await page.getByLabel("why").fill("late answers");
    await press("Roll back", "rolled back");
    await seen(page, "late answers");
    await page.locator("li", { hasText: "start canary by bob" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Roll back" }).count(), 0);
  });
  await open("/promotions", {}, async (page) => {
    await page.locator("table.list .badge", { hasText: "rolled back" }).waitFor();
    await page.getByRole("link", { name: "router" }).click();
    await heading(page, /small/);
  });
  assert.equal((await service.call("GET", `/api/promotions/${id}`)).stage, "rolled_back");
});

test("what the service refuses is said beside the buttons", { skip }, async () => {
  const { id } = await service.call("POST", "/api/promotions", { job_id: job, upstream: "small", person: "ada" });
  await open(`/promotions/${id}`, { person: "ada", breaks: true }, async (page) => {
    await page.getByRole("button", { name: "Sign" }).click();
    await seen(page, "somebody else signs");
    await page.getByLabel("your name").fill("");
    assert.equal(await page.getByRole("button", { name: "Sign" }).isDisabled(), true);
  });
});

test("a run is proposed on its page, by who may, and what the service refuses is said there", { skip }, async () => {
  await open(`/runs/${job}`, { person: "eve", breaks: true }, async (page) => {
    const form = page.getByRole("form", { name: "propose for promotion" });
    await form.getByLabel("candidate").selectOption({ label: "small, zero-shot" });
    await form.getByLabel("why").fill("<i>as good</i>");
    await form.getByRole("button", { name: "propose" }).click();
    await form.getByRole("alert").waitFor();
    assert.match(await form.getByRole("alert").textContent(), /behind an endpoint/);
    await form.getByLabel("served by").selectOption({ label: "upstream small" });
    await form.getByLabel("model asked of it").fill("echo-0.8");
    await form.getByLabel("your name").fill("");
    assert.equal(await form.getByRole("button", { name: "propose" }).isDisabled(), true);
    await form.getByLabel("your name").fill("eve");
    await form.getByRole("button", { name: "propose" }).click();
    await heading(page, "small, zero-shot");
    await seen(page, "<i>as good</i>");
    const made = await service.call("GET", `/api/promotions/${page.url().split("/").pop()}`);
    assert.deepEqual([made.job_id, made.model_name, made.variant, made.upstream, made.served_model, made.proposer, made.stage], [job, "small", "base-eval", "small", "echo-0.8", "eve", "proposed"]);
  });
  await open("/promotions", { person: "eve" }, async (page) => {
    await page.getByRole("link", { name: "propose a model" }).click();
    await heading(page, "Propose a model");
    await page.getByLabel("run").selectOption(job);
    await page.waitForURL(`**/promotions/new?job=${job}`);
    await page.getByRole("form", { name: "propose for promotion" }).waitFor();
  });
  await open(`/runs/${job}`, {}, async (page) => {
    await page.route("**/api/session", (route) => route.fulfill({ json: { is_needed: true, via: "session", person: "vic", role: "reviewer", csrf: "x" } }));
    await page.reload();
    await seen(page, "Proposing takes the role operator");
    assert.equal(await page.getByRole("form", { name: "propose for promotion" }).count(), 0);
    await page.getByRole("link", { name: "Promotions" }).click();
    await page.locator("table.list").waitFor();
    assert.equal(await page.getByRole("link", { name: "propose a model" }).count(), 0);
  });
});

test("the audit log shows who decided what, the newest first, and all that is about one proposal", { skip }, async () => {
  const id = await proposed();
  const { entries, last_number: last } = await service.call("GET", "/api/audit");
  await open("/settings", {}, async (page) => {
    await page.getByRole("link", { name: "audit log" }).click();
    await heading(page, "Audit log");
    const rows = page.locator("table.audit tbody tr");
    await rows.first().waitFor();
    assert.equal(await rows.count(), Math.min(100, entries.length));
    assert.equal(await rows.first().locator("th").textContent(), String(last));
    await page.getByLabel("about").fill(id);
    await page.waitForURL(/subject=/);
    await page.waitForFunction((n) => document.querySelectorAll("table.audit tbody tr").length === n, entries.filter((e) => e.subject === id).length);
    await seen(page, "<b>as good</b>");
    await rows.last().getByRole("link", { name: id }).click();
    await heading(page, /small/);
  });
});

/** Lines of an audit log as the service writes them (docs/formats/audit.md). */
function auditLines(count, entryOf) {
  const lines = [];
  let previous = "0".repeat(64);
  for (let number = 1; number <= count; number++) {
    const line = JSON.stringify({ number, at: 0, ...entryOf(number), details: {}, previous }).replace('"at":0', `"at":${1790000000 + number}000000000`).slice(0, -1);
    previous = createHash("sha256").update(line).digest("hex");
    lines.push(`${line},"hash":"${previous}"}\n`);
  }
  return lines;
}

test("an audit log of years is read from its end, and is verified by the service and by the browser", { skip, timeout: 300000 }, async () => {
  const own = new Service();
  own.folder = await mkdtemp(path.join(os.tmpdir(), "flywheel-app-"));
  const file = path.join(own.folder, "data/audit/audit.jsonl");
  await mkdir(path.dirname(file), { recursive: true });
  const lines = auditLines(2300, (number) => ({ person: `pers\u00f6n ${number % 7}`, action: "review.open", subject: number % 2 ? "odd" : "even", reason: "\u202ewhy \"not\"" }));
  await writeFile(file, lines.join(""));
  await own.start();
  try {
    const listed = JSON.parse(await own.command("audit", "list", "--subject", "odd", "--limit", "1100", "--json"));
    assert.deepEqual([listed.entries.length, listed.entries[0].number, listed.entries[1099].number, listed.next_cursor], [1100, 2299, 101, "101"]);
    assert.match(await own.command("audit", "list", "--limit", "2"), /2300 .*\n2299 .*\nolder entries are not shown/);
    const context = await browser.newContext();
    context.setDefaultTimeout(120000);
    const page = await context.newPage();
    const rows = page.locator("table.audit tbody tr");
    const shows = async (count, first, last) => {
      await page.waitForFunction((n) => document.querySelectorAll("table.audit tbody tr").length === n, count);
      assert.deepEqual([await rows.first().locator("th").textContent(), await rows.last().locator("th").textContent()], [String(first), String(last)]);
    };
    const verified = async () => {
      await page.getByRole("button", { name: "verify" }).click();
      await page.locator(".verdict p").nth(1).waitFor();
      return page.locator(".verdict").textContent();
    };
    await page.goto(`${own.url}/settings/audit?subject=even`);
    await shows(100, 2300, 2102);
    await page.getByRole("button", { name: "show older entries" }).click();
    await shows(200, 2300, 1902);
    assert.match(await verified(), /holds 2,300 entries in the service's file.*This browser computed the hashes of the 200 entries shown: they fit/s);
    await page.goto(`${own.url}/settings/audit?rows=2400`);
    await shows(2300, 2300, 1);
    assert.equal(await page.getByRole("button", { name: "show older entries" }).count(), 0);
    assert.match(await verified(), /hashes of the 2,300 entries shown: they fit/);
    await page.goto(`${own.url}/settings/audit`);
    await page.getByLabel("hash of an entry").fill("7".repeat(64));
    assert.match(await verified(), /no entry has the hash 7+: entries were cut off/);
    // What another says in the service's name does not pass, and neither does a file that somebody changed.
    const lie = async (change) => {
      await page.route("**/api/audit?*", async (route) => {
        const answer = await (await route.fetch()).json();
        change(answer.entries);
        await route.fulfill({ json: answer });
      });
      await page.goto(`${own.url}/settings/audit`);
      const said = await verified();
      await page.unroute("**/api/audit?*");
      return said;
    };
    assert.match(await lie((entries) => { entries[3].person = "eve"; }), /Computed in this browser: entry 2297: what is shown is not what its line says/);
    assert.match(await lie((entries) => { if (entries[5].line) entries[5].line = entries[5].line.replace("why", "who"); }), /entry 2295: it was changed: its hash does not fit/);
    assert.match(await lie((entries) => { entries.splice(7, 1); }), /entry 2293 is missing/);
    await page.goto(`${own.url}/settings/audit`);
    await shows(100, 2300, 2201);
    await writeFile(file, lines.join("").replace('"number":700,', '"number":7OO,'));
    assert.match(await verified(), /entry 700: .*; 699 entries before hold/);
    await writeFile(file, lines.slice(0, 2200).join(""));
    assert.match(await verified(), /cut off the end/);
    await context.close();
  } finally {
    await own.close();
  }
});

test("settings show where each value comes from and no secret", { skip }, async () => {
  await open("/settings", {}, async (page) => {
    const line = page.locator("tr", { hasText: "data_split_config.eval_size" });
    await line.waitFor();
    assert.match(await line.textContent(), /250file, line 6/);
    assert.match(await page.locator("tr", { hasText: "server.port" }).textContent(), /command line/);
    assert.match(await page.locator("tr", { hasText: "server.max_connections" }).textContent(), /default/);
    await page.getByText("control API: answers").waitFor();
    await page.locator("li", { hasText: "http://127.0.0.1:9 of" }).waitFor();
    const all = await page.content();
    for (const secret of ["k3y", "a-key-for-the-test"]) assert.ok(!all.includes(secret), secret);
  });
});

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
  const { id } = await service.call("POST", "/api/reviews", { job_id: job });
  const whole = await service.call("GET", `/api/reviews/${id}`);
  assert.ok(whole.queue.length > 20, `${whole.queue.length} rows differ`);
  await open(`/review/${id}`, { person: "ann" }, async (page) => {
    await page.getByRole("link", { name: "judge the next row" }).click();
    await page.locator(".diff.sides").waitFor();
    assert.ok(!/candidate|production|small/.test(await page.locator("#page").textContent()), "nothing names a side");
    const classes = new Set(documents.map((d) => d.response.choices[0].message.tool_calls?.[0]?.function.name ?? "no_tool"));
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
  const after = await service.call("GET", `/api/reviews/${id}?person=ann`);
  assert.equal(after.counts.people.ann, 19);
  const sides = new Set();
  for (const item of whole.queue.slice(0, 20)) {
    const card = await service.call("GET", `/api/reviews/${id}/items/${encodeURIComponent(item.record_id)}?person=ann&reveal=1`);
    sides.add(card.revealed.candidate);
  }
  assert.equal(sides.size, 2, "the candidate is on either side");
  await open(`/review/${id}`, { person: "bob" }, async (page) => {
    await page.getByRole("link", { name: "judge the next row" }).click();
    await judge(page, 12, (i) => ["1", "3"][i % 2]);
  });
  await open(`/review/${id}`, { person: "bob" }, async (page) => {
    await page.getByRole("heading", { name: "How people agree" }).waitFor();
    assert.match(await page.locator("#page").textContent(), /ann and bob: the same verdict on \d+ of 1[0-2] rows, Cohen's kappa -?\d\.\d\d \(-?\d\.\d\d to -?\d\.\d\d\)/);
    await page.locator(".figure-box", { hasText: "as good as production" }).getByText("people's verdicts counted").waitFor();
  });
});

test("a note, tags and a corrected answer are kept and can be taken away as JSONL", { skip }, async () => {
  const [{ id }] = (await service.call("GET", "/api/reviews")).reviews;
  const { queue } = await service.call("GET", `/api/reviews/${id}?person=cem`);
  await open(`/review/${id}/${encodeURIComponent(queue[0].record_id)}`, { person: "cem" }, async (page) => {
    await page.locator(".verdicts button").first().waitFor();
    await page.keyboard.press("n");
    await page.keyboard.type("1 wrong date, u know");
    await page.getByLabel("tags, with commas between").fill("date, unit");
    await page.getByLabel(/corrected answer/).fill("It arrives on 7 May.");
    await page.keyboard.press("Escape");
    await page.keyboard.press("4");
    await page.waitForFunction((record) => !location.href.includes(record), encodeURIComponent(queue[0].record_id));
  });
  const lines = (await (await fetch(`${service.url}/api/reviews/${id}/labels.jsonl`)).text()).trim().split("\n").map((l) => JSON.parse(l));
  const own = lines.find((l) => l.person === "cem");
  assert.equal(own.verdict, "both_wrong");
  assert.equal(own.note, "1 wrong date, u know");
  assert.deepEqual(own.tags, ["date", "unit"]);
  assert.deepEqual(own.corrected, { role: "assistant", content: "It arrives on 7 May." });
  assert.ok(own.messages.length > 0 && own.production && own.candidate);
});

test("scripts do what the pages do", { skip }, async () => {
  const opened = await service.command("review", "open", job);
  const [{ id }] = (await service.call("GET", "/api/reviews")).reviews;
  assert.ok(opened.includes(`${service.url}/review/${id}`), opened);
  const { queue } = await service.call("GET", `/api/reviews/${id}?person=dee`);
  const { record_id } = queue[queue.length - 1];
  await service.command("review", "label", id, record_id, "production_better", "--person", "dee", "--note", "late", "--tag", "date", "--corrected", '{"content": "7 May"}');
  const own = async () => (await service.command("review", "labels", id)).trim().split("\n").map((l) => JSON.parse(l)).filter((l) => l.person === "dee");
  assert.deepEqual((await own()).map((l) => [l.record_id, l.verdict, l.note, l.tags, l.corrected]), [[record_id, "production_better", "late", ["date"], { content: "7 May" }]]);
  await service.command("review", "label", id, record_id, "--withdraw", "--person", "dee");
  assert.deepEqual(await own(), []);
  assert.match(await service.command("review", "list"), new RegExp(`${id}.* of ${queue.length}`));
});

test("a run's datasets have their card, with what people corrected, beside that of another run of the traffic", { skip, timeout: 600000 }, async () => {
  const { id } = await service.call("POST", "/api/jobs", { workload_id: "router", client_id: "demo", data_split_config: { eval_size: 200 } });
  for (let state = ""; !["completed", "failed"].includes(state);) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    state = (await service.call("GET", `/api/jobs/${id}`)).status;
  }
  // What was corrected in the review of the first run is counted in the second's card, whatever became of it.
  const { corrections } = (await service.call("GET", `/api/jobs/${id}/report`)).dataset;
  const { given, train, validation, evaluation_unchanged: kept, left_out: out, superseded, not_in_window: gone, unusable } = corrections;
  assert.ok(given > 0);
  assert.equal(train + validation + kept + out + superseded + gone + unusable, given);
  const rows = (await service.call("GET", `/api/jobs/${job}`)).datasets.find((d) => d.name.includes("-eval-")).num_records;
  await open("/datasets", {}, async (page) => {
    await page.getByRole("link", { name: job.slice(0, 8) }).click();
    await heading(page, "Datasets of router");
    await seen(page, "SHA-256");
    assert.equal(await page.getByRole("heading", { name: "corrections" }).count(), 1);
    await page.getByLabel("run").selectOption(id);
    await seen(page, "The datasets differ.");
    const row = page.locator("tr", { hasText: "eval: rows" });
    assert.deepEqual(await row.locator("td").allTextContents(), ["200", String(rows), `+${rows - 200}`]);
    assert.match(page.url(), new RegExp(`with=${id}`));
  });
});

test("an interaction says which runs it went into", { skip }, async () => {
  const { interactions } = await service.call("GET", "/api/traffic?workload_id=router&limit=100");
  const lineage = (id) => service.call("GET", `/api/traffic/${encodeURIComponent(id)}/lineage`);
  const made = await Promise.all(interactions.map(async ({ id }) => ({ id, jobs: (await lineage(id)).jobs })));
  const one = made.find((m) => m.jobs.some((j) => j.id === job));
  await open(`/traffic/${encodeURIComponent(one.id)}`, {}, async (page) => {
    await page.getByText("what was made of it").click();
    await page.locator(".lineage li").first().waitFor();
    assert.deepEqual(await page.locator(".lineage li > a:first-child").allTextContents(), one.jobs.map((j) => j.id));
    await page.locator(".lineage").getByRole("link", { name: job }).click();
    await heading(page, /router/);
  });
});

test("a lost connection is said and taken up again", { skip }, async () => {
  const own = await new Service().start();
  const port = Number(new URL(own.url).port);
  try {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${own.url}/`);
    await page.locator(".connection.on").waitFor();
    await own.stop();
    await page.locator(".connection.off").waitFor();
    await own.start({ port });
    await page.locator(".connection.on").waitFor({ timeout: 60000 });
    await own.load([interaction("late", {})]);
    await page.locator(".card").first().waitFor();
    await context.close();
  } finally {
    await own.close();
  }
});

/** Every page, with what stands on it when it is drawn. */
async function everyPage() {
  const { interactions } = await service.call("GET", "/api/traffic?workload_id=router&limit=1");
  const [{ id: review }] = (await service.call("GET", "/api/reviews")).reviews;
  const { queue } = await service.call("GET", `/api/reviews/${review}`);
  return [
    ["overview", "/", ".card"], ["workloads", "/workloads", "table.list"], ["workload", "/workloads/router?client=demo", ".time-bars"], ["traffic", "/traffic", ".interaction"],
    ["interaction", `/traffic/${encodeURIComponent(interactions[0].id)}`, ".turns"], ["runs", "/runs", "table.list"], ["start", "/runs/new?workload=router&client=demo", ".fields"],
    ["run", `/runs/${job}`, ".candidate-run"], ["report", `/runs/${job}/report`, ".decision"], ["compare", `/runs/${job}/compare`, "article.row"], ["reviews", "/review", "table.list"],
    ["review", `/review/${review}`, ".queue-line"], ["card", `/review/${review}/${encodeURIComponent(queue[4].record_id)}`, ".verdicts"], ["settings", "/settings", "table.settings"],
    ["datasets", "/datasets", "table.list"], ["dataset", `/datasets/${job}`, ".funnel"], ["audit", "/settings/audit", "table.audit"],
    ["promotions", "/promotions", "table.list"], ["promotion", `/promotions/${await proposed()}`, ".figures"],
    ["propose", `/promotions/new?job=${job}`, "form.form"],
    ["nowhere", "/runs/x/y", "h1"],
  ];
}

for (const [width, colorScheme] of [[375, "light"], [375, "dark"], [820, "light"], [820, "dark"], [1280, "light"], [1280, "dark"]]) {
  test(`at ${width} pixels, ${colorScheme}: axe finds nothing on any page and nothing scrolls sideways`, { skip, timeout: 600000 }, async () => {
    for (const [name, address, mark] of await everyPage()) {
      await open(address, { viewport: { width, height: width < 500 ? 812 : 900 }, colorScheme, person: "ann" }, async (page) => {
        await page.locator(mark).first().waitFor();
        await page.evaluate(axeSource);
        const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
        assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.failureSummary}`).join(" | ")}`), [], name);
        const [wide, shown] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
        assert.ok(wide <= shown, `${name} is ${wide} wide on a screen of ${shown}`);
        if (pictures) {
          await mkdir(pictures, { recursive: true });
          await page.screenshot({ path: path.join(pictures, `${name}-${width}-${colorScheme}.png`) });
        }
      });
    }
  });
}

/** The papers' pictures, drawn anew into the folder that is named: small enough for a paper, whatever stands on the pages. */
test("the pages fit into the papers' pictures", { skip, timeout: 300000 }, async () => {
  const folder = process.env.FLYWHEEL_DOC_PICTURES;
  const draw = async (name, address, mark, { height = 760, before = async () => {} } = {}) => {
    await open(address, { viewport: { width: 1100, height }, person: "bob", colorScheme: "light" }, async (page) => {
      await page.locator(mark).first().waitFor();
      await before(page);
      const picture = await page.screenshot();
      assert.ok(picture.length < 150e3, `${name}.png has ${picture.length} bytes`);
      if (folder) await writeFile(path.join(folder, `${name}.png`), picture);
    });
  };
  const step = (id, action, person, more = {}) => service.call("POST", `/api/promotions/${id}/${action}`, { person, reason: "", ...more });
  const { id, digest } = await service.call("POST", "/api/promotions", { job_id: job, upstream: "small", person: "ada", reason: "as good on 300 rows, at a hundredth of the price" });
  await step(id, "sign", "bob", { digest });
  await step(id, "start_canary", "op");
  const gateway = (await readFile(path.join(service.folder, "data/gateway.url"), "utf8")).trim();
  const ask = (document, i) => fetch(`${gateway}/v1/chat/completions`, {
    method: "POST", body: JSON.stringify({ ...document.request, stream: false }),
    headers: { "content-type": "application/json", "x-flywheel-workload": "router", "x-flywheel-client": "demo", "x-flywheel-conversation": `picture-${i}` },
  }).then((r) => r.text());
  for (const [i, document] of documents.slice(0, 120).entries()) await ask(document, i);
  const [{ id: review }] = (await service.call("GET", "/api/reviews")).reviews;
  const { queue } = await service.call("GET", `/api/reviews/${review}?person=bob`);
  const open_ = queue.find((item) => item.mine === null) ?? queue[0];
  await draw("review", `/review/${review}/${encodeURIComponent(open_.record_id)}`, ".verdicts button", { height: 1000 });
  await draw("promotions", "/promotions", "table.list", { height: 460 });
  await draw("promotion", `/promotions/${id}`, ".figures", { height: 1040, before: (page) => page.getByText("invalid tool calls").first().waitFor() });
  await draw("audit", "/settings/audit", "table.audit", { height: 620, before: async (page) => {
    await page.getByRole("button", { name: "verify" }).click();
    await seen(page, "they fit");
  } });
  await step(id, "roll_back", "op", { reason: "drawn" });
});

test("every page is reached by keyboard, and entering one takes the focus to its heading", { skip }, async () => {
  await open("/", {}, async (page) => {
    await page.locator(".card").first().waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the page");
    for (let i = 0; i < 3; i++) await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Workloads");
    assert.notEqual(await page.locator(":focus").evaluate((e) => getComputedStyle(e).outlineStyle), "none");
    await page.keyboard.press("Enter");
    await heading(page, "Workloads");
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1");
    assert.match(await page.title(), /^Workloads/);
    await page.goBack();
    await heading(page, "Overview");
  });
});

test("on paper there is nothing to press", { skip }, async () => {
  await open("/workloads/router?client=demo", { colorScheme: "dark" }, async (page) => {
    await page.locator(".time-bars").waitFor();
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    assert.equal(await page.locator("button:visible, select:visible, nav:visible").count(), 0);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
  });
});

test("a service with keys asks who one is, lets in who has one as far as the role goes, and lets go", { skip }, async () => {
  const guarded = await new Service().start();
  const context = await browser.newContext();
  try {
    context.setDefaultTimeout(60000);
    const page = await context.newPage();
    await page.goto(`${guarded.url}/settings`);
    await seen(page, "whoever reaches this address is admin");
    const form = page.getByRole("form", { name: "make a key" });
    await form.getByLabel("name").fill("ada");
    await form.getByRole("button", { name: "make a key" }).click();
    const admin = await page.locator(".secret").textContent();
    assert.match(admin, /^fw-[0-9a-f]{12}-[0-9a-f]{64}$/);
    await seen(page, "ada, admin");
    await page.getByRole("button", { name: "sign out" }).click();
    await page.goto(`${guarded.url}/runs`);
    await heading(page, "Sign in");
    await page.getByLabel("your key").fill(`${admin.slice(0, -1)}${admin.endsWith("0") ? "1" : "0"}`);
    await page.getByRole("button", { name: "sign in" }).click();
    await seen(page, "not known here");
    await page.getByLabel("your key").fill(admin);
    await page.getByRole("button", { name: "sign in" }).click();
    await heading(page, "Runs");
    await seen(page, "ada, admin");
    assert.equal(await page.evaluate(() => document.cookie), "", "scripts see no cookie");
    assert.equal(await page.evaluate(() => fetch("/api/keys", { method: "POST", body: "{}" }).then((r) => r.status)), 403, "without the token nothing is changed");
    await page.goto(`${guarded.url}/settings`);
    await form.getByLabel("name").fill("vic");
    await form.getByLabel("for").selectOption("viewer");
    await form.getByRole("button", { name: "make a key" }).click();
    const viewer = await page.locator(".secret").textContent();
    await page.getByRole("button", { name: "sign out" }).click();
    await heading(page, "Sign in");
    await page.getByLabel("your key").fill(viewer);
    await page.getByRole("button", { name: "sign in" }).click();
    await seen(page, "vic, viewer");
    await page.getByRole("link", { name: "Promotions" }).click();
    await heading(page, "Promotions");
    await seen(page, "None yet");
    assert.equal(await page.getByRole("link", { name: "propose a model" }).count(), 0, "proposing is an operator's");
    await page.goto(`${guarded.url}/settings`);
    await heading(page, "Settings");
    assert.equal(await page.getByRole("heading", { name: "Keys" }).count(), 0, "keys are an admin's");
    assert.equal(await page.evaluate(() => fetch("/api/keys").then((r) => r.status)), 403);
  } finally {
    await context.close();
    await guarded.close();
  }
});
