// The audit log, which the service and the browser verify.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { application, heading, seen, skip } from "./application.mjs";
import { Service } from "../service.mjs";

const app = application();

test("the audit log shows who decided what, the newest first, and all that is about one proposal", { skip }, async () => {
  const id = await app.proposed();
  const { entries, last_number: last } = await app.service.call("GET", "/api/audit");
  await app.open("/settings", {}, async (page) => {
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
  // A log without the rest of its data folder would be taken for a folder that has lost something.
  await own.start();
  await own.stop();
  const file = path.join(own.folder, "data/audit/audit.jsonl");
  const lines = auditLines(2300, (number) => ({ person: `pers\u00f6n ${number % 7}`, action: "review.open", subject: number % 2 ? "odd" : "even", reason: "\u202ewhy \"not\"" }));
  await writeFile(file, lines.join(""));
  await own.start();
  try {
    const listed = JSON.parse(await own.command("audit", "list", "--subject", "odd", "--limit", "1100", "--json"));
    assert.deepEqual([listed.entries.length, listed.entries[0].number, listed.entries[1099].number, listed.next_cursor], [1100, 2299, 101, "101"]);
    assert.match(await own.command("audit", "list", "--limit", "2"), /2300 .*\n2299 .*\nolder entries are not shown/);
    const context = await app.browser.newContext();
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
