// What a tool's schema says of one argument, in a few words.

type Object_ = Record<string, unknown>;
const isObject = (v: unknown): v is Object_ => typeof v === "object" && v !== null && !Array.isArray(v);

/** Schemas of the tools that a request offers, by name, whatever was captured there. */
export function schemasOf(request: unknown): Map<string, Object_> {
  const list = isObject(request) && Array.isArray(request.tools) ? request.tools : [];
  return new Map(list.flatMap((tool): [string, Object_][] => {
    const own = isObject(tool) && isObject(tool.function) ? tool.function : tool;
    return isObject(own) && typeof own.name === "string" && isObject(own.parameters) ? [[own.name, own.parameters]] : [];
  }));
}

const kListed = 12;
const kDescribed = 160;

function wordsOf(schema: Object_, isRequired: boolean): string {
  const type = Array.isArray(schema.type) ? schema.type.join(" or ") : schema.type;
  const choices = Array.isArray(schema.enum) ? schema.enum.slice(0, kListed).map((v) => (typeof v === "string" ? v : JSON.stringify(v))) : [];
  const more = Array.isArray(schema.enum) && schema.enum.length > kListed ? ", \u2026" : "";
  const facts = [typeof type === "string" ? type : "", choices.length > 0 ? `one of ${choices.join(", ")}${more}` : "", isRequired ? "required" : "", typeof schema.format === "string" ? schema.format : ""].filter((t) => t !== "");
  const said = typeof schema.description === "string" ? schema.description.replace(/\s+/g, " ").slice(0, kDescribed) : "";
  return [facts.join("; "), said].filter((t) => t !== "").join(": ");
}

/** `path` as diff_calls gives it: `address.lines[0]`. "": the schema does not name it. */
export function schemaWords(schema: Object_ | undefined, path: string): string {
  let at: unknown = schema;
  let isRequired = false;
  for (const step of path.split(/\.|(?=\[\d+\])/)) {
    if (!isObject(at)) return "";
    if (/^\[\d+\]$/.test(step)) {
      at = at.items;
      isRequired = false;
      continue;
    }
    isRequired = Array.isArray(at.required) && at.required.includes(step);
    const properties = at.properties;
    at = isObject(properties) && Object.hasOwn(properties, step) ? properties[step] : undefined;
  }
  return isObject(at) ? wordsOf(at, isRequired) : "";
}
