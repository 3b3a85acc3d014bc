// What somebody else does stands on an open page by itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { application, heading, interaction, seen, skip } from "./application.mjs";

const app = application();

const live = (page) => page.locator(".connection.on").waitFor();

/** A few alike, which a search for workloads finds. */
const alike = (name) => Array.from({ length: 30 }, (_, i) => {
  const one = interaction(`${name}-${i}`, { content: `Case ${i}`, workload: "untagged", client: "shop", at: 1_790_000_000 + i, name: `do_${name}` });
  one.request.messages.unshift({ role: "system", content: `You ${name} the letters of a town hall and say nothing else to those who wrote them.` });
  return one;
});

test("an interaction shows that somebody rated it, and that somebody erased it", { skip }, async () => {
  await app.service.load([interaction("rated-live", { content: "rated by another", workload: "live" })]);
  const { interactions } = await app.service.call("GET", "/api/traffic?workload_id=live&limit=1");
  const { id } = interactions[0];
  await app.open(`/traffic/${encodeURIComponent(id)}`, { breaks: true }, async (page) => {
    await seen(page, "rated by another");
    await live(page);
    await app.service.call("POST", "/api/feedback", { id, outcome: "bad", comment: "so said eve" });
    await seen(page, "so said eve");
    await app.service.call("POST", "/api/log/erasures", { records: [id], dry_run: false, person: "eve", reason: "asked for" });
    await seen(page, "It is no longer in the log store");
    assert.equal(await page.getByText("rated by another").count(), 0);
  });
});

test("settings show a key that somebody made, and that it was revoked", { skip }, async () => {
  await app.open("/settings", {}, async (page) => {
    await heading(page, "Settings");
    await live(page);
    const { key } = await app.service.call("POST", "/api/keys", { name: "made elsewhere", tenant: "t", listeners: ["gateway"] });
    await page.getByRole("button", { name: `revoke ${key.id}` }).waitFor();
    await app.service.call("DELETE", `/api/keys/${key.id}`);
    await page.locator("tr", { hasText: key.id }).getByText(/^revoked/).waitFor();
  });
});

test("find workloads shows what somebody else searched for, found and accepted", { skip }, async () => {
  await app.service.load([...alike("sort"), ...alike("answer")]);
  await app.open("/discovery", {}, async (page) => {
    await page.getByRole("button", { name: "find workloads" }).waitFor();
    await live(page);
    await app.service.call("POST", "/api/workloads/discovery", {});
    await page.getByRole("heading", { name: "Proposed" }).waitFor();
    const { found } = await app.service.call("GET", "/api/workloads/discovery");
    await app.service.call("POST", "/api/workloads/accepted", { names: [found.workloads[0].name], as: "letters" });
    await page.getByRole("heading", { name: "Accepted" }).waitFor();
    await app.service.call("DELETE", "/api/workloads/accepted/letters");
    await page.getByRole("heading", { name: "Accepted" }).waitFor({ state: "detached" });
  });
});

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
