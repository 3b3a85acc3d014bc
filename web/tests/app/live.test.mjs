// What somebody else does stands on an open page by itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { application, heading, interaction, seen, skip } from "./application.mjs";

const app = application();

const live = (page) => page.locator(".connection.on").waitFor();

test("the form of a run offers a workload as soon as it is there", { skip }, async () => {
  await app.open("/runs/new", {}, async (page) => {
    await page.getByRole("button", { name: "start the run" }).waitFor();
    await live(page);
    await app.service.load([interaction("fresh", { workload: "fresh-workload" })]);
    await page.getByRole("option", { name: "fresh-workload" }).waitFor({ state: "attached" });
  });
});

test("the datasets' page counts what somebody judges, and a run's page says that somebody deleted it", { skip }, async () => {
  const job = await app.ran({ data_split_config: { eval_size: 120 } });
  const { id } = await app.service.call("POST", "/api/reviews", { job_id: job });
  const { queue } = await app.service.call("GET", `/api/reviews/${id}`);
  await app.open(`/datasets/${job}`, {}, async (page) => {
    await seen(page, `0 of ${queue.length} rows`);
    await live(page);
    await app.service.call("POST", `/api/reviews/${id}/items/${encodeURIComponent(queue[0].record_id)}/labels`, { person: "zoe", verdict: "both_fine" });
    await seen(page, `1 of ${queue.length} rows`);
  });
  await app.open(`/runs/${job}`, { breaks: true }, async (page) => {
    await page.getByRole("button", { name: "delete" }).waitFor();
    await live(page);
    await app.service.call("DELETE", `/api/jobs/${job}`);
    await seen(page, "This run was deleted, with its report and adapters.");
    await heading(page, "Run of router");
    assert.equal(await page.locator("#page .button, #page button").count(), 0, "nothing more can be done with it");
    assert.equal(await page.getByRole("alert").count(), 0);
  });
});

test("what failed while the service was away is no error any more once it is back", { skip, timeout: 300000 }, async () => {
  const port = Number(new URL(app.service.url).port);
  const id = await app.proposed();
  const review = await app.review();
  const { queue } = await app.service.call("GET", `/api/reviews/${review}`);
  await app.open(`/promotions/${id}`, { person: "bob", breaks: true }, async (page) => {
    const card = await page.context().newPage();
    await card.goto(`${app.service.url}/review/${review}/${encodeURIComponent(queue[0].record_id)}`);
    await card.locator(".verdicts button").first().waitFor();
    await page.getByRole("button", { name: "Reject" }).waitFor();
    for (const each of [page, card]) await each.locator(".connection.on").waitFor();
    await app.service.stop();
    try {
      for (const [each, name] of [[page, "Reject"], [card, /Both are fine/]]) {
        await each.locator(".connection.off").waitFor();
        await each.getByRole("button", { name }).click();
        await each.getByRole("alert").filter({ hasText: "cannot be reached" }).first().waitFor();
      }
    } finally {
      await app.service.start({ port });
    }
    for (const each of [page, card]) {
      await each.locator(".connection.on").waitFor();
      await each.getByRole("alert").first().waitFor({ state: "detached" });
    }
    // Pressed again it is done.
    await page.getByRole("button", { name: "Reject" }).click();
    await page.getByRole("heading", { name: "Next step" }).waitFor({ state: "detached" });
  });
});
