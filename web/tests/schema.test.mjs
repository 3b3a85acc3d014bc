import Ajv2020 from "ajv/dist/2020.js";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { bundledPage } from "./browser.mjs";
import { makeExample } from "./make_example.mjs";
import { kSchema, schemaTypes } from "../schema_types.mjs";

const schema = JSON.parse(await readFile(kSchema, "utf8"));

/** The schema for what the program writes: no object has a member that it does not name. `isPart`: another part of an
 * allOf may name it. */
function closed(part, isPart = false) {
  if (typeof part !== "object" || part === null) return part;
  if (Array.isArray(part)) return part.map((one) => closed(one, isPart));
  const each = (parts, as) => Object.fromEntries(Object.entries(parts).map(([name, one]) => [name, closed(one, as)]));
  const out = Object.fromEntries(Object.entries(part).map(([key, value]) =>
    [key, key === "properties" || key === "$defs" ? each(value, key === "$defs") : key === "enum" ? value : closed(value, key === "allOf")]));
  const names = (one) => one.properties || one.allOf || (one.$ref && names(schema.$defs[one.$ref.split("/").at(-1)]));
  return isPart || "additionalProperties" in part || !names(part) ? out : { ...out, unevaluatedProperties: false };
}
const validate = new Ajv2020({ strict: true, strictTypes: false, allErrors: true }).compile(closed(schema));
const text = (name) => readFile(new URL(name, import.meta.url), "utf8");

test("the page's types are those of the schema", async () => {
  assert.equal(await text("../src/report/schema.ts"), schemaTypes(schema), "run: node schema_types.mjs > src/report/schema.ts");
});

test("types stop at a part of JSON Schema that they do not know", () => {
  assert.throws(() => schemaTypes({ $defs: {}, type: "object", properties: { a: { type: "string", pattern: "x" } } }), /pattern/);
});

test("the example is what its script makes", async () => {
  assert.equal(await text("report_example.json"), `${JSON.stringify(makeExample(), null, 1)}\n`, "run: node tests/make_example.mjs tests/report_example.json");
});

test("reports of every kind that the tests play follow the schema", () => {
  for (const options of [{}, { quality: 0.7, clean: false }, { generic: true }, { none: true }, { classes: 30, rows: 900 }]) {
    assert.ok(validate(makeExample(options)), JSON.stringify(validate.errors, null, 1));
  }
});

test("a report without its decision does not follow the schema", () => {
  const report = makeExample();
  delete report.summary.decision;
  assert.equal(validate(report), false);
});

test("a member that the schema does not name is seen, wherever it stands", () => {
  for (const place of [(r) => r, (r) => r.summary, (r) => r.candidates[0].evaluations[0], (r) => r.candidates[0].evaluations[0].latency_seconds.loaded, (r) => r.dataset.leak]) {
    const report = makeExample();
    place(report).unheard_of = 1;
    assert.equal(validate(report), false);
  }
});

test("the page's program stays below 66 KB, and the whole page below 82", async () => {
  const page = await bundledPage();
  const program = page.slice(page.lastIndexOf("<script>"), page.lastIndexOf("</script>"));
  assert.ok(Buffer.byteLength(program) < 66 * 1024, `the program has ${Buffer.byteLength(program)} bytes`);
  assert.ok(Buffer.byteLength(page) < 82 * 1024, `the page has ${Buffer.byteLength(page)} bytes`);
});
