// A proposal from the form to its end, by its buttons.
import assert from "node:assert/strict";
import { test } from "node:test";
import { application, heading, seen, skip, violations } from "./application.mjs";

const app = application();

test("a proposal is signed by somebody else, gets copies, a share and all, and is rolled back, by its buttons", { skip }, async () => {
  const id = await app.proposed();
  await app.open("/", { person: "bob" }, async (page) => {
    await page.getByText("waits for a signature").click();
    await heading(page, /small/);
    await seen(page, "<b>as good</b>");
    await seen(page, "signed by nobody yet (0 of 1 signature)");
    const press = async (name, then) => {
      await page.getByRole("button", { name, exact: true }).click();
      await page.locator(".page-title .badge", { hasText: then }).waitFor();
    };
    await press("Sign", "signed off");
    await press("Start shadow", "shadow");
    await seen(page, "invalid tool calls");
    await press("Start canary", "canary 50");
    await press("Go live", "live");
    await page.getByRole("link", { name: "Overview" }).click();
    await page.getByRole("heading", { name: "Promoted models" }).waitFor();
    await page.locator(`a[href="/promotions/${id}"]`, { hasText: "live" }).click();
    await heading(page, /small/);
    await page.getByLabel("why").fill("late answers");
    await press("Roll back", "rolled back");
    await seen(page, "late answers");
    await page.locator("li", { hasText: "start canary by bob" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Roll back" }).count(), 0);
  });
  await app.open("/promotions", {}, async (page) => {
    await page.locator("table.list .badge", { hasText: "rolled back" }).waitFor();
    await page.getByRole("link", { name: "router" }).click();
    await heading(page, /small/);
  });
  assert.equal((await app.service.call("GET", `/api/promotions/${id}`)).stage, "rolled_back");
});

test("after a step by keyboard the focus is where the next steps are, and the new stage is announced", { skip }, async () => {
  const { id } = await app.service.call("POST", "/api/promotions", { job_id: app.job, upstream: "small", person: "ada" });
  await app.open(`/promotions/${id}`, { person: "bob", breaks: true }, async (page) => {
    const focused = () => page.evaluate(() => document.activeElement.textContent);
    const announced = (text) => page.getByRole("status").filter({ hasText: text }).first().waitFor();
    const press = async (name) => {
      await page.getByRole("button", { name, exact: true }).focus();
      await page.keyboard.press("Enter");
    };
    await page.route("**/sign", async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await route.fulfill({ status: 409, json: { detail: "not now" } });
    }, { times: 1 });
    await press("Sign");
    await page.getByRole("alert").filter({ hasText: "not now" }).waitFor();
    await page.waitForFunction(() => document.activeElement.textContent === "Sign");
    await press("Sign");
    await announced("signed off");
    await announced("signed by bob (1 of 1 signature)");
    await page.waitForFunction(() => document.activeElement.textContent === "Next step");
    await press("Reject");
    await announced("rejected");
    await page.waitForFunction(() => document.activeElement.tagName === "H1");
    assert.match(await focused(), /small/);
  });
});

test("what the service refuses is said beside the buttons", { skip }, async () => {
  const { id } = await app.service.call("POST", "/api/promotions", { job_id: app.job, upstream: "small", person: "ada" });
  const sign = (page) => page.getByRole("button", { name: "Sign" });
  await app.open(`/promotions/${id}`, { person: "ada" }, async (page) => {
    await seen(page, "You proposed this, so somebody else signs it.");
    assert.equal(await sign(page).count(), 0);
    assert.equal(await page.getByRole("button", { name: "Reject" }).isEnabled(), true);
  });
  await app.open(`/promotions/${id}`, { person: "bob", breaks: true }, async (page) => {
    // What refuses a person is no end of the session, whichever status says it.
    for (const status of [401, 403, 409]) {
      await page.route("**/sign", (route) => route.fulfill({ status, json: { detail: `refused as ${status}` } }), { times: 1 });
      await sign(page).click();
      await page.getByRole("alert").filter({ hasText: `refused as ${status}` }).waitFor();
      assert.equal(await page.getByRole("heading", { name: "Sign in" }).count(), 0);
    }
    await page.getByLabel("your name").fill("");
    assert.equal(await page.getByRole("button", { name: "Sign" }).isDisabled(), true);
  });
});

test("what another person does shows at once, and the pages ask nothing while nothing changes", { skip }, async () => {
  const { id } = await app.service.call("POST", "/api/promotions", { job_id: app.job, upstream: "small", person: "ada" });
  for (const [path, stage, act] of [[`/promotions/${id}`, "signed off", ["sign", "bob"]], ["/promotions", "shadow", ["start_shadow", "bob"]], ["/", "rolled back", ["roll_back", "ada"]]]) {
    await app.open(path, {}, async (page) => {
      await page.locator(`a[href="/promotions/${id}"], .page-title .badge`).first().waitFor();
      await page.waitForTimeout(2500);
      const asked = [];
      page.on("request", (request) => { if (/api\/(promotions|reviews)/.test(request.url())) asked.push(request.url()); });
      await page.waitForTimeout(5500);
      assert.deepEqual(asked, []);
      const [action, person] = act;
      const { digest } = await app.service.call("GET", `/api/promotions/${id}`);
      await app.service.call("POST", `/api/promotions/${id}/${action}`, { person, digest, reason: "" });
      if (path !== "/") await page.locator(".badge", { hasText: stage }).first().waitFor({ timeout: 4000 });
      else await page.locator(`a[href="/promotions/${id}"]`).waitFor({ state: "detached", timeout: 4000 });
    });
  }
});

test("what a promoted model's engine wrote stands under what is served here, open where it failed", { skip }, async () => {
  const id = await app.proposed();
  const whole = await app.service.call("GET", `/api/promotions/${id}`);
  const why = "llama-server exited with code 1";
  const served = { base: "/models/base.gguf", adapter: null, keep_layers: null, context_length: 2048, chat_template: null, enable_thinking: false, engine: { state: "failed", failures: 3, hangs: 0, why, description: null } };
  const lines = ["I load_model: loading model", "E error: missing tensor <img src=x onerror=\"window.broken = true\"> \u202egnp"];
  await app.open("/", {}, async (page) => {
    await page.route(`**/api/promotions/${id}`, (route) => route.fulfill({ json: { ...whole, upstream: null, served_here: served } }));
    await page.route(`**/api/promotions/${id}/engine_log`, (route) => route.fulfill({ json: { engines: [{ is_running: false, lines }] } }));
    await page.goto(`${app.service.url}/promotions/${id}`);
    const log = page.getByRole("region", { name: "engine's log", exact: true });
    await log.getByText("missing tensor").waitFor();
    assert.ok((await log.textContent()).includes('<img src=x onerror="window.broken = true"> U+202Egnp'));
    assert.equal(await page.evaluate(() => window.broken), undefined);
    await seen(page, why);
    assert.deepEqual(await violations(page), []);
  });
});

test("pages offer the steps that a role may take", { skip }, async () => {
  const { id } = await app.service.call("POST", "/api/promotions", { job_id: app.job, upstream: "small", person: "ada" });
  const as = async (role, path, use) => app.open("/", {}, async (page) => {
    await page.route("**/api/session", (route) => route.fulfill({ json: { is_needed: true, via: "session", person: "vic", role, csrf: "x" } }));
    await page.goto(app.service.url + path);
    await use(page);
  });
  const review = await app.review();
  const { queue } = await app.service.call("GET", `/api/reviews/${review}`);
  await as("viewer", `/promotions/${id}`, async (page) => {
    await seen(page, "Signing and rejecting take the role reviewer");
    assert.equal(await page.getByRole("button", { name: "Sign", exact: true }).count(), 0);
  });
  await as("reviewer", `/promotions/${id}`, async (page) => {
    await page.getByRole("button", { name: "Reject" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Sign", exact: true }).isEnabled(), true);
  });
  const { digest } = await app.service.call("GET", `/api/promotions/${id}`);
  await app.act(id, "sign", "bob", { digest });
  await as("reviewer", `/promotions/${id}`, async (page) => {
    await page.getByRole("button", { name: "Start shadow" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Start shadow" }).isEnabled(), false);
    assert.equal(await page.getByRole("button", { name: "Reject" }).isEnabled(), true);
    await page.goto(`${app.service.url}/runs/${app.job}`);
    await page.getByRole("button", { name: "review" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "delete" }).count(), 0);
  });
  await as("viewer", `/review/${review}/${encodeURIComponent(queue[0].record_id)}`, async (page) => {
    await seen(page, "Judging takes the role reviewer");
    assert.equal(await page.locator(".verdicts button").first().isEnabled(), false);
    await page.goto(`${app.service.url}/runs`);
    await page.locator("table.list").waitFor();
    assert.equal(await page.getByRole("link", { name: "start a run" }).count(), 0);
  });
  await app.act(id, "reject", "bob");
});

test("a run is proposed on its page, by who may, and what the service refuses is said there", { skip }, async () => {
  await app.open(`/runs/${app.job}`, { person: "eve", breaks: true }, async (page) => {
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
    const made = await app.service.call("GET", `/api/promotions/${page.url().split("/").pop()}`);
    assert.deepEqual([made.job_id, made.model_name, made.variant, made.upstream, made.served_model, made.proposer, made.stage], [app.job, "small", "base-eval", "small", "echo-0.8", "eve", "proposed"]);
  });
  await app.open("/promotions", { person: "eve" }, async (page) => {
    await page.getByRole("link", { name: "propose a model" }).click();
    await heading(page, "Propose a model");
    await page.getByLabel("run").selectOption(app.job);
    await page.waitForURL(`**/promotions/new?job=${app.job}`);
    await page.getByRole("form", { name: "propose for promotion" }).waitFor();
  });
  await app.open(`/runs/${app.job}`, {}, async (page) => {
    await page.route("**/api/session", (route) => route.fulfill({ json: { is_needed: true, via: "session", person: "vic", role: "reviewer", csrf: "x" } }));
    await page.reload();
    await seen(page, "Proposing takes the role operator");
    assert.equal(await page.getByRole("form", { name: "propose for promotion" }).count(), 0);
    await page.getByRole("link", { name: "Promotions" }).click();
    await page.locator("table.list").waitFor();
    assert.equal(await page.getByRole("link", { name: "propose a model" }).count(), 0);
  });
});
