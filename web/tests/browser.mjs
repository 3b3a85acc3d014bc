// A real Chromium for the tests of the pages.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const here = path.dirname(fileURLToPath(import.meta.url));

export async function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
}

async function withTemporaryFolder(use) {
  const folder = await mkdtemp(path.join(os.tmpdir(), "flywheel-page-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The bundled page: the one that the program was built with, else one built now. */
let bundle;
export function bundledPage() {
  const built = process.env.FLYWHEEL_WEB_DIST;
  bundle ??= built ? readFile(path.join(built, "report.html"), "utf8") : withTemporaryFolder(async (folder) => {
    await promisify(execFile)(process.execPath, [path.join(here, "../build.mjs"), folder]);
    return readFile(path.join(folder, "report.html"), "utf8");
  });
  return bundle;
}

/** Writes the bundled page with `report` in it to a file, as the program does, and gives its URL to `use`. */
export async function withReportFile(report, use) {
  const template = await bundledPage();
  return withTemporaryFolder(async (folder) => {
    const data = JSON.stringify(report).replaceAll("<", "\\u003c");
    const file = path.join(folder, "report.html");
    await writeFile(file, template.replace("/*REPORT*/", () => data));
    return use(`file://${file}`);
  });
}

/** Opens the report in a page of its own and fails on any error of the page or request to the outside. */
export async function openReport(browser, report, { fragment = "", ...options }, use) {
  await withReportFile(report, async (url) => {
    const context = await browser.newContext(options);
    try {
      // A busy machine is no fault of the page.
      context.setDefaultTimeout(120000);
      const page = await context.newPage();
      const troubles = [];
      page.on("pageerror", (e) => troubles.push(String(e)));
      page.on("console", (m) => { if (m.type() === "error") troubles.push(m.text()); });
      page.on("request", (r) => { if (!/^(file|blob):/.test(r.url())) troubles.push(`request to ${r.url()}`); });
      await page.goto(url + fragment);
      await use(page);
      assert.deepEqual(troubles, []);
    } finally {
      await context.close();
    }
  });
}
