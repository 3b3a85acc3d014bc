// What the tests of the application's pages begin with: a service with the sample's traffic and a run of it, a browser, and `open`.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before } from "node:test";
import { launch } from "../browser.mjs";
import { lacksService, sample, Service } from "../service.mjs";

export const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const skip = lacksService() ?? false;

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
elasticsearch: {port: 0}
otlp: {port: 0}
`;

/** A log document of one call, the conversation as given. */
export const interaction = (id, { content = "hello", tools, name = "lookup", workload = "hostile", client = "h", at = 1_790_000_000, args = "{}" } = {}) => ({
  timestamp: at, workload_id: workload, client_id: client,
  request: { model: "big", messages: [{ role: "user", content }], ...(tools && { tools }) },
  response: { id, model: "big", choices: [{ index: 0, finish_reason: "tool_calls", message: { role: "assistant", content: null, tool_calls: [{ id: "c", type: "function", function: { name, arguments: args } }] } }] },
});

/** What axe finds on a page. */
export async function violations(page) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.failureSummary}`).join(" | ")}`);
}

export const heading = (page, text) => page.getByRole("heading", { level: 1, name: text }).waitFor();
export const seen = (page, text) => page.getByText(text).first().waitFor();

/** Scrolls a list of traffic far down and opens an interaction there; returns the place of the list. */
export async function openFarDown(page) {
  await page.locator(".interaction").first().waitFor();
  for (let i = 0; i < 4; i++) {
    await page.mouse.wheel(0, 1500);
    await page.waitForTimeout(300);
  }
  const place = await page.evaluate(() => scrollY);
  assert.ok(place > 2000, `${place}`);
  await page.locator(".interaction").nth(15).click();
  await page.getByRole("heading", { name: /^Conversation/ }).waitFor();
  return place;
}

/** Pages that were built since the program was. */
export async function takeBuiltPages(context) {
  const built = process.env.FLYWHEEL_WEB_DIST;
  if (built) await context.route("**/assets/*.*", (route) => route.fulfill({ path: path.join(built, path.basename(new URL(route.request().url()).pathname)) }));
}

/** One service for a file of tests. `traffic`: it has the sample's; `run`: and a run over it that has ended. */
class Application {
  async start({ traffic, run }) {
    this.browser = await launch();
    this.documents = await sample(900);
    this.service = new Service();
    this.config = config(await this.service.echoOf(this.documents));
    await this.service.start({ config: this.config });
    if (traffic || run) await this.service.load(this.documents);
    if (!run) return;
    this.job = await this.ran();
    await this.review();
  }
  async close() {
    await this.browser?.close();
    await this.service?.close();
  }
  /** Another run over the traffic, to its end. */
  async ran(more = {}) {
    const { id } = await this.service.call("POST", "/api/jobs", { workload_id: "router", client_id: "demo", ...more });
    assert.equal(await this.service.ended(id), "completed");
    return id;
  }
  /** Ends the service and starts it with another configuration over the same data. */
  async restart(change) {
    await this.service.stop();
    await this.service.start({ config: change(this.config) });
  }
  /** A proposal of the run, the same for all who ask. */
  async proposed() {
    this.proposal ??= (await this.service.call("POST", "/api/promotions", { job_id: this.job, upstream: "small", person: "ada", reason: "<b>as good</b>" })).id;
    return this.proposal;
  }
  async act(proposal, action, person, more = {}) {
    return this.service.call("POST", `/api/promotions/${proposal}/${action}`, { person, reason: "", ...more });
  }
  /** The run's review, which opens by itself, or with this. */
  async review() {
    const { id } = await this.service.call("POST", "/api/reviews", { job_id: this.job });
    return id;
  }
  /** Opens a page; fails on any error of the page, on requests to elsewhere and on what the policy refused. */
  async open(address, options, use) {
    const { url } = this.service;
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    try {
      // A busy machine is no fault of the page.
      context.setDefaultTimeout(120000);
      await context.addInitScript(() => {
        window.refused = [];
        document.addEventListener("securitypolicyviolation", (e) => window.refused.push(e.violatedDirective));
      });
      if (options?.person) await context.addInitScript((name) => localStorage.setItem("flywheel.person", name), options.person);
      await takeBuiltPages(context);
      const page = await context.newPage();
      const troubles = [];
      page.on("pageerror", (e) => troubles.push(String(e)));
      page.on("console", (m) => { if (m.type() === "error" && !options?.breaks) troubles.push(m.text()); });
      page.on("request", (r) => { if (!r.url().startsWith(url) && !/^(blob|data):/.test(r.url())) troubles.push(`request to ${r.url()}`); });
      await page.goto(url + address);
      await use(page);
      assert.deepEqual(await page.evaluate(() => window.refused), [], "refused by the policy");
      assert.deepEqual(troubles, []);
    } finally {
      await context.close();
    }
  }
  /** Every page, with what stands on it when it is drawn. */
  async everyPage() {
    const { interactions } = await this.service.call("GET", "/api/traffic?workload_id=router&limit=1");
    const review = await this.review();
    const { queue } = await this.service.call("GET", `/api/reviews/${review}`);
    return [
      ["overview", "/", ".card"], ["workloads", "/workloads", "table.list"], ["workload", "/workloads/router?client=demo", ".time-bars"], ["discovery", "/discovery", ".filters"], ["traffic", "/traffic", ".interaction"],
      ["interaction", `/traffic/${encodeURIComponent(interactions[0].id)}`, ".turns"], ["runs", "/runs", "table.list"], ["start", "/runs/new?workload=router&client=demo", ".fields"],
      ["run", `/runs/${this.job}`, ".candidate-run"], ["report", `/runs/${this.job}/report`, ".decision"], ["compare", `/runs/${this.job}/compare`, "article.row"], ["reviews", "/review", "table.list"],
      ["review", `/review/${review}`, ".queue-line"], ["card", `/review/${review}/${encodeURIComponent(queue[4].record_id)}`, ".verdicts"], ["settings", "/settings", "table.settings"],
      ["datasets", "/datasets", "table.list"], ["dataset", `/datasets/${this.job}`, ".funnel"], ["audit", "/settings/audit", "table.audit"],
      ["promotions", "/promotions", "table.list"], ["promotion", `/promotions/${await this.proposed()}`, ".figures"],
      ["propose", `/promotions/new?job=${this.job}`, "form.form"],
      ["nowhere", "/runs/x/y", "h1"],
    ];
  }
}

/** The application of a file of tests: begun before the first of them, ended after the last. */
export function application({ traffic = true, run = true } = {}) {
  const app = new Application();
  before(async () => { if (!skip) await app.start({ traffic, run }); }, { timeout: 600000 });
  after(() => app.close());
  return app;
}
