// When two runs count as measured on the same rows.
import assert from "node:assert/strict";
import path from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const source = path.join(path.dirname(fileURLToPath(import.meta.url)), "../src/app/run_pairs.ts");
let areSameRows;
before(async () => {
  const made = await build({ entryPoints: [source], bundle: true, write: false, format: "esm" });
  ({ areSameRows } = await import(`data:text/javascript;base64,${Buffer.from(made.outputFiles[0].text).toString("base64")}`));
});

const report = (digest, holdout) => ({ dataset: { datasets: [{ name: "flywheel-eval-router-1", digest }], holdout } });
const set = (digest, more = {}) => ({ digest, retired: [], rewritten: 0, ...more });

test("runs on the rows of one job were measured on the same rows, though what their rows say of training differs", () => {
  const [first, second, third] = [report("a"), report("b", set("a")), report("c", set("a"))];
  assert.ok(areSameRows(first, second) && areSameRows(third, first) && areSameRows(second, third));
  assert.ok(areSameRows(second, report("d", set("b"))), "a run on the rows of a run on them");
  assert.ok(!areSameRows(first, report("d")) && !areSameRows(second, report("d", set("e"))));
});

test("with retired or changed rows they were not", () => {
  assert.ok(!areSameRows(report("a"), report("b", set("a", { retired: [{ record_id: "r", why: "gone" }] }))));
  assert.ok(!areSameRows(report("a"), report("b", set("a", { rewritten: 1 }))));
});
