// Names of any length: no page becomes wider than the screen, and no list as wide as they are long.
import assert from "node:assert/strict";
import { test } from "node:test";
import { application, skip } from "./application.mjs";

const app = application({ traffic: false, run: false });
const long = (what, length) => `${what}${"w".repeat(length - what.length)}`;
/** As long as ids may be, in one word; models and tools have no limit. */
const [workload, client, model, tool, person] = [long("workload", 256), long("client", 256), long("model", 300), long("tool", 300), long("person", 100)];

const renamed = (document) => {
  const text = JSON.stringify(document).replaceAll(`"${document.request.tools?.[0]?.function.name}"`, JSON.stringify(tool));
  return { ...JSON.parse(text), workload_id: workload, client_id: client };
};

/** A run and a proposal of it, once for all tests. */
let made;
const prepared = () => (made ??= prepare());

async function prepare() {
  const documents = app.documents.map(renamed).map((d) => ({ ...d, response: { ...d.response, model } }));
  app.service.echo.kill();
  const url = await app.service.echoOf(documents);
  await app.restart((config) => config.replace(/url: '[^']*\/v1'/g, `url: '${url}'`).replace("model_name: small", `model_name: ${model}`).replace("model_name: atlas-large", `model_name: ${model}`));
  await app.service.load(documents);
  app.job = await app.ran({ workload_id: workload, client_id: client });
  app.proposal = (await app.service.call("POST", "/api/promotions", { job_id: app.job, model_name: model, upstream: "small", person, reason: long("reason", 600) })).id;
}

/** Every page that shows names, with what stands on it when it is drawn. */
async function pages() {
  const { interactions } = await app.service.call("GET", `/api/traffic?workload_id=${workload}&limit=1`);
  const review = await app.review();
  const { queue } = await app.service.call("GET", `/api/reviews/${review}`);
  return [
    ["/", ".card"], ["/workloads", "table.list"], [`/workloads/${workload}?client=${client}`, ".bars-list"], ["/discovery", ".filters"], ["/traffic", ".interaction"],
    [`/traffic/${encodeURIComponent(interactions[0].id)}`, ".turns"], ["/runs", "table.list"], [`/runs/new?workload=${workload}&client=${client}`, ".fields"], [`/runs/${app.job}`, ".candidate-run"],
    [`/runs/${app.job}/report`, ".decision"], [`/runs/${app.job}/compare`, "article.row"], ["/review", "table.list"], [`/review/${review}`, ".queue-line"],
    [`/review/${review}/${encodeURIComponent(queue[0].record_id)}`, ".verdicts"], ["/settings", "table.settings"], ["/settings/audit", "table.audit"], ["/datasets", "table.list"],
    [`/datasets/${app.job}`, ".funnel"], ["/promotions", "table.list"], [`/promotions/${app.proposal}`, ".figures"], [`/promotions/new?job=${app.job}`, "form.form"],
  ];
}

for (const width of [375, 1280]) {
  test(`at ${width} pixels no name makes a page scroll sideways, nor a list as wide as it is long`, { skip, timeout: 600000 }, async () => {
    await prepared();
    const wrong = [];
    for (const [address, mark] of await pages()) {
      await app.open(address, { viewport: { width, height: 812 }, person: "ann" }, async (page) => {
        await page.locator(mark).first().waitFor();
        const [wide, shown, list] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth,
          Math.max(0, ...[...document.querySelectorAll(".scroll")].map((e) => e.scrollWidth))]);
        const name = address.replaceAll(/w{20,}/g, "\u2026");
        if (wide > shown) wrong.push(`${name} is ${wide} wide on a screen of ${shown}`);
        if (list > 1200) wrong.push(`${name} has a list that is ${list} wide`);
      });
    }
    assert.deepEqual(wrong, []);
  });
}

test("a name that is cut in a row of fixed height stands whole in its title", { skip }, async () => {
  await prepared();
  await app.open("/traffic", {}, async (page) => {
    const row = page.locator(".interaction .what").first();
    await row.waitFor();
    assert.ok((await row.getAttribute("title")).startsWith(workload));
  });
});
