// The first page: from an empty service to what waits for a person.
import assert from "node:assert/strict";
import { test } from "node:test";
import { application, interaction, seen, skip, takeBuiltPages, violations } from "./application.mjs";
import { Service } from "../service.mjs";

const app = application({ traffic: false, run: false });

test("an empty service shows lines to paste, and the page notices what arrives", { skip }, async () => {
  await app.open("/", {}, async (page) => {
    await page.getByRole("heading", { name: "Send the first traffic" }).waitFor();
    const { listeners } = await app.service.call("GET", "/readyz");
    const gateway = listeners.find((f) => f.name === "gateway").url;
    assert.equal(await page.locator("pre").nth(2).textContent(), `export OPENAI_BASE_URL=${gateway}/v1`, "the gateway is on, and there");
    assert.match(await page.locator("pre").first().textContent(), new RegExp(`flywheel load traffic.jsonl --server ${app.service.url}$`));
    assert.match(await page.locator("pre").nth(1).textContent(), /curl -sS http:\/\/127\.0\.0\.1:\d+\/api\/records/);
    await seen(page, "waiting for the first interaction");
    assert.deepEqual(await violations(page), []);
    await app.service.load(app.documents.slice(0, 3));
    await page.locator(".card").first().waitFor();
    assert.equal(await page.getByRole("heading", { name: "Send the first traffic" }).count(), 0);
  });
});

test("figures say what a log store elsewhere does not have yet, and why", { skip }, async () => {
  await app.open("/", {}, async (page) => {
    await page.locator(".card").first().waitFor();
    assert.equal(await page.getByText("acknowledged and not yet in the log store").count(), 0);
    let waiting = { records: 12, oldest_seconds: 40, reason: "the <b>index</b> is read-only" };
    await page.route("**/api/statistics?*", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...(await answer.json()), waiting } });
    });
    for (const address of ["/", "/workloads", `/workloads/${app.documents[0].workload_id}`]) {
      await page.goto(app.service.url + address);
      await seen(page, "12 interactions are acknowledged and not yet in the log store; these figures lack them: the <b>index</b> is read-only.");
    }
    assert.deepEqual(await violations(page), []);
    waiting = { records: 1, oldest_seconds: 0.4, reason: null };
    await page.goto(`${app.service.url}/workloads`);
    await page.locator("table.list").waitFor();
    assert.equal(await page.getByText("acknowledged").count(), 0, "what is on its way is not worth a word");
  });
});

test("the pasted line is taken by the service as it is", { skip }, async () => {
  const { execFileSync } = await import("node:child_process");
  const empty = await new Service().start();
  try {
    const context = await app.browser.newContext();
    await takeBuiltPages(context);
    const page = await context.newPage();
    await page.goto(`${empty.url}/`);
    await seen(page, "The gateway is off.");
    assert.match(await page.locator("pre").nth(2).textContent(), /^flywheel serve --upstream /);
    const line = await page.locator("pre").nth(1).textContent();
    assert.equal(JSON.parse(execFileSync("bash", ["-c", line])).appended, 1);
    await page.locator(".card").first().waitFor();
    await context.close();
  } finally {
    await empty.close();
  }
});

test("a lost connection is said and taken up again", { skip }, async () => {
  const own = await new Service().start();
  const port = Number(new URL(own.url).port);
  try {
    const context = await app.browser.newContext();
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
