// How every page looks: at every width, in both themes, on paper, by keyboard and to a screen reader.
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { application, heading, interaction, seen, skip, violations } from "./application.mjs";

const app = application();
/** Where pictures of the pages go, for people to look at. */
const pictures = process.env.FLYWHEEL_PICTURES;

for (const [width, colorScheme] of [[375, "light"], [375, "dark"], [820, "light"], [820, "dark"], [1280, "light"], [1280, "dark"]]) {
  test(`at ${width} pixels, ${colorScheme}: axe finds nothing on any page and nothing scrolls sideways`, { skip, timeout: 600000 }, async () => {
    for (const [name, address, mark] of await app.everyPage()) {
      await app.open(address, { viewport: { width, height: width < 500 ? 812 : 900 }, colorScheme, person: "ann" }, async (page) => {
        await page.locator(mark).first().waitFor();
        assert.deepEqual(await violations(page), [], name);
        const [wide, shown] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
        assert.ok(wide <= shown, `${name} is ${wide} wide on a screen of ${shown}`);
        if (pictures) {
          await mkdir(pictures, { recursive: true });
          await page.screenshot({ path: path.join(pictures, `${name}-${width}-${colorScheme}.png`) });
        }
      });
    }
  });
}

/** The papers' pictures, drawn anew into the folder that is named: small enough for a paper, whatever stands on the pages. */
test("the pages fit into the papers' pictures", { skip, timeout: 300000 }, async () => {
  const folder = process.env.FLYWHEEL_DOC_PICTURES;
  const draw = async (name, address, mark, { height = 760, before = async () => {} } = {}) => {
    await app.open(address, { viewport: { width: 1100, height }, person: "bob", colorScheme: "light" }, async (page) => {
      await page.locator(mark).first().waitFor();
      await before(page);
      const picture = await page.screenshot();
      assert.ok(picture.length < 150e3, `${name}.png has ${picture.length} bytes`);
      if (folder) await writeFile(path.join(folder, `${name}.png`), picture);
    });
  };
  const step = (id, action, person, more = {}) => app.service.call("POST", `/api/promotions/${id}/${action}`, { person, reason: "", ...more });
  const { id, digest } = await app.service.call("POST", "/api/promotions", { job_id: app.job, upstream: "small", person: "ada", reason: "as good on 300 rows, at a hundredth of the price" });
  await step(id, "sign", "bob", { digest });
  await step(id, "start_canary", "op");
  const gateway = (await readFile(path.join(app.service.folder, "data/gateway.url"), "utf8")).trim();
  const ask = (document, i) => fetch(`${gateway}/v1/chat/completions`, {
    method: "POST", body: JSON.stringify({ ...document.request, stream: false }),
    headers: { "content-type": "application/json", "x-flywheel-workload": "router", "x-flywheel-client": "demo", "x-flywheel-conversation": `picture-${i}` },
  }).then((r) => r.text());
  for (const [i, document] of app.documents.slice(0, 120).entries()) await ask(document, i);
  const [{ id: review }] = (await app.service.call("GET", "/api/reviews")).reviews;
  const { queue } = await app.service.call("GET", `/api/reviews/${review}?person=bob`);
  const open_ = queue.find((item) => item.mine === null) ?? queue[0];
  await draw("review", `/review/${review}/${encodeURIComponent(open_.record_id)}`, ".verdicts button", { height: 1000 });
  await draw("promotions", "/promotions", "table.list", { height: 460 });
  await draw("promotion", `/promotions/${id}`, ".figures", { height: 1040, before: (page) => page.getByText("invalid tool calls").first().waitFor() });
  await draw("audit", "/settings/audit", "table.audit", { height: 620, before: async (page) => {
    await page.getByRole("button", { name: "verify" }).click();
    await seen(page, "they fit");
  } });
  await step(id, "roll_back", "op", { reason: "drawn" });
});

test("every page is reached by keyboard, and entering one takes the focus to its heading", { skip }, async () => {
  await app.open("/", {}, async (page) => {
    await page.locator(".card").first().waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the page");
    for (let i = 0; i < 3; i++) await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Workloads");
    assert.notEqual(await page.locator(":focus").evaluate((e) => getComputedStyle(e).outlineStyle), "none");
    await page.keyboard.press("Enter");
    await heading(page, "Workloads");
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1");
    assert.match(await page.title(), /^Workloads/);
    await page.goBack();
    await heading(page, "Overview");
  });
});

test("on paper there is nothing to press, nothing is folded and nothing is cut", { skip, timeout: 600000 }, async () => {
  await app.service.load(Array.from({ length: 20 }, (_, i) => interaction(`paper-${i}`, { workload: "paper", client: "demo", name: `tool_${i}` })));
  await app.act(await app.proposed(), "reject", "bob", { reason: `${"because ".repeat(40)}${"w".repeat(200)}` });
  const wrong = [];
  for (const [name, address, mark] of [...await app.everyPage(), ["classes", "/workloads/paper?client=demo", ".bars-list"]]) {
    await app.open(address, { viewport: { width: 695, height: 1000 }, colorScheme: "dark", person: "ann" }, async (page) => {
      await page.locator(mark).first().waitFor();
      await page.emulateMedia({ media: "print", colorScheme: "dark" });
      const found = await page.evaluate(() => {
        const isShown = (e) => e.getClientRects().length > 0;
        const shown = (selector) => [...document.querySelectorAll(selector)].filter(isShown).map((e) => `${e.tagName} ${(e.textContent || e.placeholder || "").slice(0, 30)}`);
        return {
          pressable: shown("button, select, input, textarea, nav, a.button"),
          folded: [...document.querySelectorAll("tr.beyond, li.beyond")].filter((e) => !isShown(e)).length,
          cut: [...document.querySelectorAll(".scroll")].filter((e) => isShown(e) && e.scrollWidth > e.clientWidth + 3).map((e) => `${e.scrollWidth} in ${e.clientWidth}`),
          paper: getComputedStyle(document.body).backgroundColor,
        };
      });
      if (found.pressable.length > 0 || found.folded > 0 || found.cut.length > 0 || found.paper !== "rgb(255, 255, 255)") wrong.push(`${name}: ${JSON.stringify(found)}`);
    });
  }
  assert.deepEqual(wrong, []);
});

test("on paper all interactions that were fetched stand below each other, none as an empty place", { skip }, async () => {
  await app.open("/traffic?workload=router", { viewport: { width: 695, height: 1000 } }, async (page) => {
    await page.locator(".found", { hasText: /^[1-9]\d* interactions so far/ }).waitFor();
    const fetched = Number((await page.locator(".found").innerText()).match(/^\d+/)[0]);
    await page.emulateMedia({ media: "print" });
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    await page.waitForFunction((n) => document.querySelectorAll(".virtual > div").length === n, fetched);
    const [ends, begins, list] = await page.evaluate(() => {
      const boxes = [...document.querySelectorAll(".virtual > div")].map((e) => e.getBoundingClientRect());
      return [boxes.map((b) => Math.round(b.bottom)), boxes.map((b) => Math.round(b.top)), Math.round(document.querySelector(".virtual").getBoundingClientRect().bottom)];
    });
    assert.deepEqual(begins.slice(1), ends.slice(0, -1));
    assert.equal(ends.at(-1), list);
  });
});
