// How the pages look, at three widths and in both themes, against pictures that this test drew before (FLYWHEEL_UPDATE_PICTURES=1 draws them anew).
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { application, skip } from "./application.mjs";
import { Darkroom, fontsOf, isAtRest, kept, writeAlike } from "./picture.mjs";

const app = application();
const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), "pictures");
const isUpdate = process.env.FLYWHEEL_UPDATE_PICTURES === "1";
/** The share of a page's cells that may change before it looks otherwise: measured times move marks in the report's plots. */
const kMost = 0.03;
/** Pages that show the machine: its folders and ports, which take lines of their own. */
const kOfTheMachine = new Set(["settings"]);
const kWidths = [375, 820, 1280];

/** The person to whom the candidate's answer stands on the left: which side it is on is drawn by lot. */
async function whoSeesItLeft(card) {
  const [, , review, record] = card.split("/");
  for (let i = 0; i < 50; i++) {
    const { revealed } = await app.service.call("GET", `/api/reviews/${review}/items/${record}?person=p${i}&reveal=1`);
    if (revealed.candidate === "left") return `p${i}`;
  }
  throw new Error("the candidate is always on the right");
}

/** All of a page that is seen without scrolling, at every width and in both themes, on one sheet. */
async function draw(darkroom, address, mark, person) {
  const shots = [];
  for (const width of kWidths) {
    await app.open(address, { viewport: { width, height: width < 500 ? 816 : 896 }, person, reducedMotion: "reduce" }, async (page) => {
      await page.locator(mark).first().waitFor();
      await page.locator(".connection.on").waitFor();
      await page.evaluate(isAtRest);
      await page.evaluate(writeAlike);
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        shots.push(await page.screenshot({ animations: "disabled", caret: "hide" }));
      }
    });
  }
  return darkroom.sheet(shots);
}

test("every page looks as it did, at three widths and in both themes", { skip, timeout: 900000 }, async (t) => {
  const darkroom = await Darkroom.open(app.browser);
  if (isUpdate) await mkdir(folder, { recursive: true });
  const fonts = JSON.stringify(await fontsOf(darkroom.page));
  const file = path.join(folder, "fonts.json");
  if (isUpdate) await writeFile(file, `${fonts}\n`);
  if (String(await kept(file)).trim() !== fonts) return t.skip(`this machine has other fonts (${fonts}) than the pictures were drawn with`);
  const now = path.join(os.tmpdir(), `flywheel-pictures-${process.pid}`);
  const changed = [];
  for (const [name, address, mark] of await app.everyPage()) {
    if (kOfTheMachine.has(name)) continue;
    const sheet = await draw(darkroom, address, mark, name === "card" ? await whoSeesItLeft(address) : "ann");
    const reference = path.join(folder, `${name}.png`);
    const before = await kept(reference);
    const by = before && (await darkroom.difference(before, sheet));
    t.diagnostic(`${name}: ${by ? `${by.cells} cells differ, ${(100 * by.share).toFixed(2)} %` : "no picture to compare with"}; ${sheet.length} bytes`);
    if (isUpdate && (!by || by.cells > 0)) await writeFile(reference, sheet);
    if (isUpdate || (by && by.share <= kMost)) continue;
    await mkdir(now, { recursive: true });
    await writeFile(path.join(now, `${name}.png`), sheet);
    changed.push(`${name} (${by ? `${(100 * by.share).toFixed(1)} % of the cells, columns ${by.box.left} to ${by.box.right}, rows ${by.box.top} to ${by.box.bottom} of the sheet` : "there is no picture of this size"})`);
  }
  assert.deepEqual(changed, [], `what is seen now is in ${now}; where it is meant, FLYWHEEL_UPDATE_PICTURES=1 keeps it`);
});
