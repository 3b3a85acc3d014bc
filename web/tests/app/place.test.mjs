// What stands in the address: a link, a reload and the way back show the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { application, heading, openFarDown, seen, skip } from "./application.mjs";

const app = application();

const field = (page, label) => page.locator(`xpath=//label[text()[normalize-space()="${label}"]]/*[self::input or self::select]`);

test("what is opened of an interaction is opened after a reload", { skip }, async () => {
  const { interactions } = await app.service.call("GET", "/api/traffic?class=get_order&limit=1");
  await app.open(`/traffic/${encodeURIComponent(interactions[0].id)}?class=get_order`, {}, async (page) => {
    await page.getByText("request", { exact: true }).click();
    await page.locator(".raw").waitFor();
    await page.getByText("what was made of it").click();
    const made = page.locator("details.lineage", { has: page.locator("li, p.muted:not(.waiting)") });
    await made.waitFor();
    await page.waitForFunction(() => new URLSearchParams(location.search).get("open") === "request lineage");
    await page.reload();
    await page.getByRole("region", { name: "raw request" }).waitFor();
    await made.waitFor();
    assert.equal(await page.getByRole("link", { name: "Traffic" }).last().getAttribute("href"), "/traffic?class=get_order", "the way back is to the list alone");
    await page.getByText("request", { exact: true }).click();
    await page.waitForFunction(() => new URLSearchParams(location.search).get("open") === "lineage");
  });
});

test("a row of the report that is opened is opened after a reload", { skip }, async () => {
  await app.open(`/runs/${app.job}/report`, {}, async (page) => {
    const rows = page.locator("article.row");
    await rows.nth(1).locator("summary", { hasText: "Whole conversation" }).click();
    await rows.nth(1).locator(".conversation").waitFor();
    await page.waitForFunction(() => location.hash.includes("open="));
    await page.reload();
    await rows.nth(1).locator("details[open] .conversation").waitFor();
    assert.equal(await rows.nth(0).locator("details[open]").count(), 0);
    await rows.nth(1).locator("summary", { hasText: "Whole conversation" }).click();
    await page.waitForFunction(() => !location.hash.includes("open="));
  });
});

test("a proposal that was begun is there after a reload, and is sent with what was typed last", { skip }, async () => {
  await app.open(`/runs/${app.job}`, { person: "ann" }, async (page) => {
    const form = page.getByRole("form", { name: "propose for promotion" });
    await form.getByLabel("candidate").selectOption("small base-eval");
    await form.getByLabel("served by").selectOption({ label: "upstream small" });
    await form.getByLabel("model asked of it").fill("echo");
    await form.getByLabel("why").fill("half a reason");
    await page.waitForFunction(() => new URLSearchParams(location.search).get("why") === "half a reason");
    await page.reload();
    await form.getByLabel("why").waitFor();
    assert.equal(await form.getByLabel("why").inputValue(), "half a reason");
    assert.equal(await form.getByLabel("model asked of it").inputValue(), "echo");
    assert.equal(await form.getByLabel("candidate").inputValue(), "small base-eval");
    await form.getByLabel("why").fill("a whole reason");
    await form.getByRole("button", { name: "propose" }).click();
    await page.waitForURL(/\/promotions\/p-/);
    await seen(page, "a whole reason");
    const { promotions } = await app.service.call("GET", "/api/promotions");
    const mine = promotions.find((p) => p.reason === "a whole reason");
    assert.deepEqual([mine.model_name, mine.variant, mine.upstream, mine.served_model, mine.proposer], ["small", "base-eval", "small", "echo", "ann"]);
  });
});

test("a filter that was typed is in the address of whatever is pressed next", { skip }, async () => {
  await app.open("/traffic", {}, async (page) => {
    await page.locator(".interaction").nth(3).waitFor();
    // Faster than typing pauses.
    await page.evaluate(() => {
      const input = [...document.querySelectorAll("label")].find((l) => l.firstChild.textContent === "class").querySelector("input");
      input.value = "get_order";
      input.dispatchEvent(new Event("input", { bubbles: true }));
      return new Promise((resolve) => { setTimeout(() => { document.querySelectorAll(".interaction")[3].click(); resolve(); }, 20); });
    });
    await page.getByRole("heading", { name: /^Conversation/ }).waitFor();
    assert.match(page.url(), /\/traffic\/[^?]+\?class=get_order$/);
    await page.goBack();
    await heading(page, "Traffic");
    await page.waitForFunction(() => location.search === "?class=get_order");
    assert.equal(await field(page, "class").inputValue(), "get_order");
  });
});

test("the way back leads to the same place of the list also after somebody decided something", { skip }, async () => {
  await app.open("/traffic?workload=router", {}, async (page) => {
    await page.locator(".connection.on").waitFor();
    const place = await openFarDown(page);
    // Each decision may have been an erasure: the page asks again.
    const asked = page.waitForResponse((r) => /\/api\/traffic\/[^/?]+$/.test(r.url()));
    await app.service.call("POST", "/api/keys", { name: "decided", tenant: "t", listeners: ["gateway"] });
    await asked;
    await page.goBack();
    await page.locator(".interaction").first().waitFor();
    await page.waitForFunction((y) => Math.abs(scrollY - y) < 200, place);
  });
});
