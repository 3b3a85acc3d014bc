// Writes the TypeScript types of the report from its JSON Schema: node schema_types.mjs > src/report/schema.ts
// It knows the part of JSON Schema that docs/formats/report.schema.json uses, and stops at anything else.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

export const kSchema = fileURLToPath(new URL("../docs/formats/report.schema.json", import.meta.url));

const kPrimitive = { string: "string", number: "number", integer: "number", boolean: "boolean", null: "null", object: "Record<string, unknown>", array: "unknown[]" };
const kKnown = new Set(["$ref", "anyOf", "allOf", "const", "enum", "type", "properties", "required", "items", "additionalProperties",
  "minimum", "maximum", "description", "title", "$schema", "$defs"]);

const typeName = (name) => name.split("_").map((word) => word[0].toUpperCase() + word.slice(1)).join("");
const array = (item) => (/[ |&]/.test(item) && !item.startsWith("{") ? `(${item})[]` : `${item}[]`);

function members(schema, indent) {
  const required = new Set(schema.required ?? []);
  const inner = `${indent}  `;
  const lines = Object.entries(schema.properties).map(([key, value]) => `${inner}${key}${required.has(key) ? "" : "?"}: ${typeOf(value, inner)};`);
  return `{\n${lines.join("\n")}\n${indent}}`;
}

function typeOf(schema, indent) {
  const unknown = Object.keys(schema).filter((key) => !kKnown.has(key));
  if (unknown.length > 0) throw new Error(`schema_types.mjs does not know ${unknown.join(", ")}`);
  if (schema.$ref) return typeName(schema.$ref.split("/").at(-1));
  if (schema.anyOf) return schema.anyOf.map((s) => typeOf(s, indent)).join(" | ");
  if (schema.allOf) return schema.allOf.map((s) => typeOf(s, indent)).join(" & ");
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (Array.isArray(schema.type)) return schema.type.map((type) => kPrimitive[type]).join(" | ");
  if (schema.properties) return members(schema, indent);
  if (schema.type === "array" && schema.items) return array(typeOf(schema.items, indent));
  if (schema.type === "object" && schema.additionalProperties) return `Record<string, ${typeOf(schema.additionalProperties, indent)}>`;
  return schema.type ? kPrimitive[schema.type] : "unknown";
}

/** The whole file. */
export function schemaTypes(schema) {
  const declare = ([name, s]) => (s.properties ? `export interface ${name} ${typeOf(s, "")}` : `export type ${name} = ${typeOf(s, "")};`);
  const types = [...Object.entries(schema.$defs).map(([name, s]) => [typeName(name), s]), ["Report", schema]];
  return `// Made by schema_types.mjs out of docs/formats/report.schema.json; do not edit.\n\n${types.map(declare).join("\n\n")}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(schemaTypes(JSON.parse(await readFile(kSchema, "utf8"))));
}
