// A run from its form to its report.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { application, heading, seen, skip, violations } from "./application.mjs";

const app = application({ run: false });

test("a run is started with a form that checks beside its fields, and is watched to its end", { skip, timeout: 600000 }, async () => {
  await app.open("/runs/new?workload=router&client=demo", {}, async (page) => {
    const rows = page.getByLabel(/evaluation rows/);
    await rows.fill("many");
    await seen(page, "must be a whole number from 1");
    await rows.fill("300");
    await page.getByText("more keys of data_split_config").click();
    await page.getByLabel(/most leaked/).fill("2");
    await seen(page, "must be a number from 0 to 1");
    await page.getByLabel(/most leaked/).fill("0.5");
    await page.getByLabel(/held-out rows of run/).fill("yesterday");
    await seen(page, "must be the id of a run");
    await page.getByLabel(/held-out rows of run/).fill("");
    await page.getByLabel(/templates on one side/).selectOption("false");
    await page.getByLabel(/answers that look wrong/).selectOption("drop");
    await page.getByLabel(/^seed/).fill("");
    await page.waitForURL(/random_seed=null/);
    await page.reload();
    await rows.waitFor();
    assert.deepEqual([await rows.inputValue(), await page.getByLabel(/most leaked/).inputValue(), await page.getByLabel(/templates on one side/).inputValue(), await page.getByLabel(/^seed/).inputValue()], ["300", "0.5", "false", ""]);
    await page.getByLabel(/^seed/).fill("7");
    await page.getByRole("button", { name: "start the run" }).click();
    await heading(page, "Run of router");
    app.job = page.url().split("/").pop();
    await page.locator(".page-title .badge", { hasText: "completed" }).waitFor({ timeout: 300000 });
    await page.locator(".step-text", { hasText: "300 rows" }).first().waitFor();
    const { status, seed } = await app.service.call("GET", `/api/jobs/${app.job}`);
    assert.equal(status, "completed");
    const { config } = await app.service.call("GET", `/api/jobs/${app.job}/report`);
    assert.deepEqual([config.data_split_config.max_leaked_share, config.data_split_config.keep_templates_together, config.data_split_config.eval_size, config.data_split_config.suspicious_answers], [0.5, false, 300, "drop"]);
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
  await app.open("/", { breaks: true }, async (page) => {
    await page.route(`**/api/jobs/${id}`, (route) => route.fulfill({ json: detail }));
    await page.route(`**/api/jobs/${id}/events`, async (route) => {
      asked.push(route.request().url());
      const steps = asked.length === 1 ? [1, 2, 3, 4, 5] : [6, 7];
      await route.fulfill({ contentType: "text/event-stream", body: `retry: 200\nid: ${asked.length}\nevent: stage\ndata: {}\n\n${steps.map(event).join("")}` });
    });
    await page.goto(`${app.service.url}/runs/${id}`);
    await page.getByText("fine-tuning").first().waitFor();
    await page.locator("path.loss").first().waitFor({ state: "attached" });
    await page.getByText("step 7 of 40, loss 1.825").waitFor();
    // Asked again after the break. (Which event it goes on from is the browser's header, which interception does not show.)
    assert.ok(asked.length >= 2, `${asked.length}`);
  });
});

/** The log of an engine on the page, opened. */
async function openedLog(page) {
  await page.locator("summary", { hasText: "engine's log" }).click();
  const log = page.getByRole("region", { name: "engine's log", exact: true });
  await log.waitFor();
  return log;
}

test("an engine's log grows while the engine runs, shows as text, and stays when it is gone", { skip }, async () => {
  const id = "89abcdef0123456789abcdef";
  const candidate = { model_name: "small", status: "running-evals", deployment_status: "ready", deployment: "llama-server, F16", runtime_seconds: 1, evaluations: [], customizations: [], error: null };
  const job = { id, workload_id: "router", client_id: "demo", status: "running", stage: "base-eval", started_at: "2026-11-27T03:00:00", run_started_at: "2026-11-27T03:00:00", finished_at: null, num_records: 900,
    seed: 7, workload_type: "tool_calling", llm_judge: null, datasets: [], warnings: [], error: null, nims: [candidate] };
  const hostile = "W srv got exception: <img src=x onerror=\"window.broken = true\"> \u202egnp.exe";
  const engine = { candidate: 0, stage: "deploy", is_running: true, lines: ["I srv model loaded"] };
  await app.open("/", { breaks: true }, async (page) => {
    await page.route(`**/api/jobs/${id}`, (route) => route.fulfill({ json: job }));
    await page.route(`**/api/jobs/${id}/events`, (route) => route.fulfill({ contentType: "text/event-stream", body: "retry: 600000\nevent: stage\ndata: {}\n\n" }));
    await page.route(`**/api/jobs/${id}/engine_log?candidate=0`, (route) => route.fulfill({ json: { engines: [engine] } }));
    await page.goto(`${app.service.url}/runs/${id}`);
    const log = await openedLog(page);
    await log.getByText("model loaded").waitFor();
    engine.lines = [...Array.from({ length: 150 }, (_, i) => `I slot release: task ${i}`), hostile];
    await log.getByText("got exception").waitFor();
    const shown = await log.textContent();
    assert.ok(shown.includes('<img src=x onerror="window.broken = true"> U+202Egnp.exe'), shown.slice(-200));
    assert.ok(shown.includes("task 0\nI slot release: task 1\n"));
    assert.equal(await log.locator("img").count(), 0);
    assert.equal(await page.evaluate(() => window.broken), undefined);
    assert.ok(await log.evaluate((box) => box.scrollHeight > box.clientHeight && box.scrollTop + box.clientHeight > box.scrollHeight - 5), "its end is in view");
    engine.is_running = false;
    await seen(page, "The last 151 lines, kept when the engine was taken down.");
    await log.getByText("got exception").waitFor();
  });
});

test("a run whose engine did not come up shows why without a click", { skip }, async () => {
  const id = "9abcdef0123456789abcdef0";
  const why = "deploy: cannot serve model \"small\": llama-server exited with code 1";
  const candidate = { model_name: "small", status: "failed", deployment_status: "failed", deployment: null, runtime_seconds: 0, evaluations: [], customizations: [], error: why };
  const job = { id, workload_id: "router", client_id: "demo", status: "failed", stage: null, started_at: "2026-11-27T03:00:00", run_started_at: "2026-11-27T03:00:00", finished_at: "2026-11-27T03:01:00",
    num_records: 900, seed: 7, workload_type: "tool_calling", llm_judge: null, datasets: [], warnings: [], error: "no candidate could be evaluated", nims: [candidate] };
  const lines = ["I load_model: loading model", "E llama_model_load: error loading model: missing tensor 'token_embd.weight'"];
  await app.open("/", { breaks: true }, async (page) => {
    await page.route(`**/api/jobs/${id}`, (route) => route.fulfill({ json: job }));
    await page.route(`**/api/jobs/${id}/events`, (route) => route.fulfill({ contentType: "text/event-stream", body: "event: end\ndata: {}\n\n" }));
    await page.route(`**/api/jobs/${id}/engine_log?candidate=0`, (route) => route.fulfill({ json: { engines: [{ candidate: 0, stage: "deploy", is_running: false, lines }] } }));
    await page.goto(`${app.service.url}/runs/${id}`);
    await page.getByRole("region", { name: "engine's log", exact: true }).getByText("missing tensor").waitFor();
    assert.deepEqual(await violations(page), []);
    const log = page.locator("summary", { hasText: "engine's log" });
    await log.click();
    await page.getByRole("region", { name: "engine's log", exact: true }).waitFor({ state: "detached" });
  });
});

test("a run whose datasets leak too much shows what leaks, and the pairs", { skip }, async () => {
  const id = "8abcdef0123456789abcdef0";
  const job = { id, workload_id: "router", client_id: "demo", status: "failed", stage: null, started_at: "2026-11-27T03:00:00", run_started_at: "2026-11-27T03:00:00", finished_at: "2026-11-27T03:01:00",
    num_records: null, seed: 7, workload_type: null, llm_judge: null, datasets: [], warnings: [], error: "datasets: 9 of 60 evaluation rows are nearly rows of training", nims: [] };
  const pair = { kind: "request", likeness: 0.85, evaluation: { record_id: "r-eval", text: "where is it" }, training: { record_id: "r-train", text: "where is it now" } };
  const leak = { conversations_on_two_sides: 0, requests_on_two_sides: 0, eval_rows_near_training: 9, near_duplicate_threshold: 0.8, method: "m", pairs: [pair] };
  await app.open("/", { breaks: true }, async (page) => {
    await page.route(`**/api/jobs/${id}`, (route) => route.fulfill({ json: job }));
    await page.route(`**/api/jobs/${id}/events`, (route) => route.fulfill({ contentType: "text/event-stream", body: "event: end\ndata: {}\n\n" }));
    await page.route(`**/api/jobs/${id}/report`, (route) => route.fulfill({ json: { dataset: { steps: [], classes: [], notes: [], datasets: [], refused: "too much", leak } } }));
    await page.goto(`${app.service.url}/runs/${id}`);
    await page.getByRole("heading", { name: "Refused datasets" }).waitFor();
    await seen(page, "eval rows near training: 9");
    await seen(page, "likeness 85");
    await seen(page, "r-train");
    assert.deepEqual(await violations(page), []);
  });
});

test("what an engine wrote is with its candidate after the run, and goes with the run", { skip, timeout: 600000 }, async () => {
  const id = await app.ran();
  const folder = path.join(app.service.folder, "data", "jobs", id, "candidates", "0");
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, "engine-deploy.log"), "I srv model loaded\nI srv cleaning up\n");
  await app.open(`/runs/${id}`, {}, async (page) => {
    const log = await openedLog(page);
    assert.equal(await log.textContent(), "I srv model loaded\nI srv cleaning up");
    assert.equal(await page.locator("summary", { hasText: "engine's log" }).count(), 1, "an endpoint's engine has no log here");
    await page.getByRole("button", { name: "delete" }).click();
    await page.getByRole("button", { name: "yes, delete" }).click();
    await heading(page, "Runs");
  });
  await assert.rejects(app.service.call("GET", `/api/jobs/${id}/engine_log`), /404/);
});

test("a field that the service refuses says why", { skip }, async () => {
  await app.open("/runs/new?workload=nothing&client=demo", { breaks: true }, async (page) => {
    await page.getByRole("button", { name: "start the run" }).click();
    await page.getByRole("alert").filter({ hasText: "there is no traffic of workload" }).waitFor();
  });
});

test("the report is a page, with its links within it", { skip }, async () => {
  await app.open(`/runs/${app.job}/report`, {}, async (page) => {
    await page.locator(".decision").waitFor();
    await page.getByRole("link", { name: "cost", exact: true }).click();
    assert.match(page.url(), /report#cost$/);
    await page.getByRole("searchbox").fill("order");
    await page.waitForFunction(() => location.hash.includes("q=order"));
    assert.equal(await page.locator(".decision").count(), 1, "it is still the report");
  });
});

test("two candidates are compared on every row, and turned round it is the same", { skip }, async () => {
  const { divergent_rows: { total }, dataset } = await app.service.call("GET", `/api/jobs/${app.job}/report`);
  const { num_records: rows } = dataset.datasets.find((d) => d.name.includes("-eval-"));
  assert.ok(total > 20 && rows - total > 40, `${total} of ${rows}`);
  const all = new RegExp(`^${rows} rows$`);
  const kSides = ["left_better", "right_better", "both", "neither"];
  let counts = [];
  const count = async (page, side) => Number((await page.getByLabel(/^rows/).locator(`option[value=${side}]`).textContent()).match(/\((\d+)\)/)[1]);
  const compared = async (page, status) => page.locator("[role=status]", { hasText: status }).waitFor();
  await app.open(`/runs/${app.job}/compare`, {}, async (page) => {
    await compared(page, all);
    counts = await Promise.all(kSides.map((side) => count(page, side)));
    const [left, right, both, neither] = counts;
    assert.equal(left + both, rows - total, "rows on which the best-ranked gives production's answer are among them");
    assert.equal(right + neither, total);
    assert.ok(left > 40 && right > 0, `${counts}`);
    await page.getByLabel(/^rows/).selectOption("left_better");
    await compared(page, new RegExp(`^${left} rows$`));
    assert.equal(await page.locator("article.row").count(), 20);
    const first = await page.locator("article.row").first().getAttribute("aria-label");
    await page.getByRole("button", { name: "rows after" }).click();
    await page.getByText(`21 to 40 of ${counts[0]}`).waitFor();
    assert.notEqual(await page.locator("article.row").first().getAttribute("aria-label"), first);
    await page.getByRole("button", { name: "rows before" }).click();
    await page.locator(`article.row[aria-label="${first}"]`).waitFor();
  });
  await app.open(`/runs/${app.job}/compare?a=1.base-eval&b=0.base-eval`, {}, async (page) => {
    await compared(page, all);
    assert.deepEqual(await Promise.all(kSides.map((side) => count(page, side))), [counts[1], counts[0], counts[2], counts[3]]);
  });
});

test("two runs are compared row by row, also where one of them gave production's answer", { skip, timeout: 600000 }, async () => {
  await app.restart((config) => config.replace("echo-0.8", "echo-0.9"));
  const other = await app.ran({ data_split_config: { eval_size: 300, val_ratio: 0.1, random_seed: 7, limit: null, min_total_records: 300, max_leaked_share: 0.5, keep_templates_together: false } });
  const wrong = async (id) => {
    const { divergent_rows: { rows } } = await app.service.call("GET", `/api/jobs/${id}/report`);
    return new Set(rows.filter((r) => r.answers.find((a) => a.model_name === "small").agreement < 1).map((r) => r.record_id));
  };
  const [before, after] = [await wrong(app.job), await wrong(other)];
  const mended = [...before].filter((id) => !after.has(id));
  const broken = [...after].filter((id) => !before.has(id));
  assert.ok(mended.length > 3 && mended.length < before.size, `${mended.length} of ${before.size}`);
  await app.open(`/runs/${app.job}/compare`, {}, async (page) => {
    await page.getByLabel(/^run/).selectOption(other);
    await page.waitForURL(new RegExp(`with=${other}`));
    await seen(page, "measured on the same rows");
    await page.locator("[role=status]", { hasText: /^\d+ rows$/ }).waitFor();
    await page.getByLabel(/^rows/).selectOption({ label: `right better (${mended.length})` });
    await page.locator("[role=status]", { hasText: new RegExp(`^${mended.length} rows$`) }).waitFor();
    const shown = await page.locator("article.row").evaluateAll((rows) => rows.map((r) => r.getAttribute("aria-label")));
    assert.ok(shown.every((label) => mended.includes(label.replace("row ", ""))));
    assert.equal(await page.getByLabel(/^rows/).locator("option", { hasText: `left better (${broken.length})` }).count(), 1);
  });
});

test("a row whose record was erased is marked", { skip }, async () => {
  const { rows: [row] } = await app.service.call("GET", `/api/jobs/${app.job}/comparison?left=0.base-eval&right=1.base-eval&limit=1`);
  assert.equal(row.is_in_log, true);
  const erased = await app.service.call("POST", "/api/log/erasures", { records: [row.record_id], dry_run: false, person: "ada", reason: "asked for" });
  assert.equal(erased.erased, 1);
  await app.open(`/runs/${app.job}/compare?a=0.base-eval&b=1.base-eval`, {}, async (page) => {
    const card = page.locator(`article.row[aria-label="row ${row.record_id}"]`);
    await card.getByText("no longer in the log").waitFor();
    await card.getByText(/was erased.*stays until the run is deleted/).waitFor();
    assert.equal(await page.locator("article.row .tag", { hasText: "no longer in the log" }).count(), 1, "the others are there");
  });
  const again = await app.service.call("POST", "/api/log/erasures", { records: [row.record_id] });
  assert.equal(again.records, 0);
  assert.ok(again.jobs.some((job) => job.id === app.job && job.evaluation_rows === 1), "the run still has it");
});

test("so is a row of the report, which stays as it was written", { skip }, async () => {
  const written = await app.service.call("GET", `/api/jobs/${app.job}/report`);
  const { record_id } = written.divergent_rows.rows[0];
  await app.service.call("POST", "/api/log/erasures", { records: [record_id], dry_run: false, person: "ada", reason: "asked for" });
  const gone = (await app.service.call("GET", `/api/jobs/${app.job}/report/gone`)).record_ids;
  assert.ok(gone.includes(record_id) && gone.length <= 2, `${gone}`);
  assert.deepEqual(await app.service.call("GET", `/api/jobs/${app.job}/report`), written);
  await app.open(`/runs/${app.job}/report#row=${record_id}`, {}, async (page) => {
    const card = page.locator(`article.row[aria-label="row ${record_id}"]`);
    await card.getByText("no longer in the log").waitFor();
    await card.getByText(/was erased.*stays until the run is deleted/).waitFor();
    await seen(page, `Of ${gone.length === 1 ? "1 row" : "2 rows"} below the log no longer has the record`);
    assert.ok(await page.locator("article.row .tag", { hasText: "no longer in the log" }).count() <= gone.length, "the others are there");
  });
});

test("a run's page asks for its events again after an answer that was none", { skip }, async () => {
  const { id } = await app.service.call("POST", "/api/jobs", { workload_id: "router", client_id: "demo" });
  await app.open("/", { breaks: true }, async (page) => {
    let asked = 0;
    await page.route(`**/api/jobs/${id}/events`, (route) => (asked++ === 0 ? route.fulfill({ status: 502, body: "nobody there" }) : route.continue()));
    await page.goto(`${app.service.url}/runs/${id}`);
    await heading(page, /router/);
    await page.locator(".page-title .badge", { hasText: "completed" }).waitFor();
    for (let i = 0; i < 100 && asked < 2; i++) await page.waitForTimeout(100);
    assert.ok(asked > 1, `${asked}`);
    assert.equal(await page.getByText("The connection is lost").count(), 0);
  });
});
