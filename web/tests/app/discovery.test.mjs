// Workloads that nobody named: found, looked at, accepted, forgotten.
import assert from "node:assert/strict";
import { test } from "node:test";
import { application, axeSource, heading, interaction, seen, skip } from "./application.mjs";

const app = application({ traffic: false, run: false });

const kTasks = {
  triage: "You sort the tickets of a shop that sells bicycles into one of its seven queues and say nothing else.",
  refund: "You decide for an airline whether a passenger has a right to a refund, by the fare rules that follow.",
};

/** Two tasks of one application that tags nothing, and a hostile one. */
const untagged = () => Object.values(kTasks).flatMap((system, t) => Array.from({ length: 60 }, (_, i) => {
  const one = interaction(`u-${t}-${i}`, { content: `Case ${i} <script>window.pwned=1</script>`, workload: "untagged", client: "shop", at: 1_790_000_000 + i, name: t === 0 ? "move_ticket" : "pay_back" });
  one.request.messages.unshift({ role: "system", content: system });
  return one;
}));

test("untagged traffic is told apart, and what a person accepts has its records", { skip }, async () => {
  await app.service.load(untagged());
  await app.open("/workloads", {}, async (page) => {
    await page.getByRole("link", { name: "find workloads" }).click();
    await heading(page, "Find workloads");
    assert.equal(await page.getByRole("link", { name: "Workloads" }).first().getAttribute("aria-current"), "page");
    await page.getByRole("button", { name: "find workloads" }).click();
    await page.getByRole("heading", { name: "Proposed" }).waitFor();
    const proposals = page.getByRole("checkbox");
    assert.equal(await proposals.count(), 2);
    await seen(page, "Case ");
    await seen(page, "calls move_ticket: {}");
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    await page.evaluate(axeSource);
    const { violations } = await page.evaluate(() => window.axe.run());
    assert.deepEqual(violations.map((v) => v.id), []);
    const section = page.getByRole("region", { name: /sort-the-tickets|tickets/ }).first();
    await section.getByRole("checkbox").check();
    await page.getByLabel("all as one workload named").fill("triage");
    await page.getByRole("button", { name: "accept 1" }).click();
    await page.getByRole("heading", { name: "Accepted" }).waitFor();
    await seen(page, "60 of 120 stored records moved");
    await page.getByRole("link", { name: "triage" }).click();
    await heading(page, "triage");
    await page.locator(".figure-box strong", { hasText: /^60$/ }).first().waitFor();
  });
  // What comes in from now on has the name too.
  const late = untagged()[0];
  late.response.id = "late";
  late.request.messages[1].content = "Case 61";
  await app.service.load([late]);
  const { interactions } = await app.service.call("GET", "/api/traffic?workload_id=triage&limit=200");
  assert.equal(interactions.length, 61);
});

test("a rule is forgotten, and what it named stays", { skip }, async () => {
  await app.open("/discovery", {}, async (page) => {
    await page.getByRole("button", { name: "forget triage" }).click();
    await page.getByRole("heading", { name: "Accepted" }).waitFor({ state: "detached" });
  });
  const { accepted } = await app.service.call("GET", "/api/workloads/accepted");
  assert.deepEqual(accepted, []);
  const { interactions } = await app.service.call("GET", "/api/traffic?workload_id=triage&limit=200");
  assert.equal(interactions.length, 61);
});
