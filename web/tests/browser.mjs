// A real Chromium for the tests of the pages.
import { chromium } from "playwright-core";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));

export async function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
}

/** Writes the bundled page with `report` in it to a file, as the program does, and gives its URL to `use`. */
export async function withReportFile(report, use) {
  const folder = await mkdtemp(path.join(os.tmpdir(), "flywheel-page-"));
  try {
    const template = await readFile(path.join(process.env.FLYWHEEL_WEB_DIST ?? path.join(here, "../dist"), "report.html"), "utf8");
    const data = JSON.stringify(report).replaceAll("<", "\\u003c");
    const file = path.join(folder, "report.html");
    await writeFile(file, template.replace("/*REPORT*/", () => data));
    return await use(`file://${file}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export const example = async () => JSON.parse(await readFile(path.join(here, "report_example.json"), "utf8"));
