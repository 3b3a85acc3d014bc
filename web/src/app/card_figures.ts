// What two dataset cards are compared by: every count of a card under a name that is the same in both.

export interface Figure { group: string; name: string; value: number }
export interface Change { group: string; name: string; before: number | null; after: number | null }

type Json = Record<string, unknown>;
const isObject = (v: unknown): v is Json => typeof v === "object" && v !== null && !Array.isArray(v);
const objects = (v: unknown): Json[] => (Array.isArray(v) ? v.filter(isObject) : []);
const numbers = (group: string, prefix: string, v: unknown): Figure[] => (isObject(v)
  ? Object.entries(v).flatMap(([name, value]) => (typeof value === "number" ? [{ group, name: prefix + name, value }] : [])) : []);

/** Steps with their reasons, classes by side, and the card's groups of figures (what leaks, templates, corrections). */
export function figuresOf(card: Json): Figure[] {
  const steps = objects(card.steps).flatMap((s): Figure[] => [
    ...["in", "out"].flatMap((k) => (typeof s[k] === "number" ? [{ group: "steps", name: `${String(s.step)}: ${k}`, value: s[k] }] : [])),
    ...numbers("steps", `${String(s.step)}: left out, `, s.reasons), ...numbers("steps", `${String(s.step)}: mended, `, s.repaired),
  ]);
  const classes = objects(card.classes).flatMap((c) => numbers("classes", `${c.label === "" ? "all rows" : String(c.label)}: `, c));
  const rows = objects(card.datasets).flatMap((d): Figure[] => (typeof d.num_records === "number" ? [{ group: "datasets", name: `${kindOf(String(d.name))}: rows`, value: d.num_records }] : []));
  const groups = Object.entries(card).flatMap(([group, v]) => numbers(group, "", v));
  return [...rows, ...steps, ...classes, ...groups];
}

/** `flywheel-eval-router-1732460000`: `eval`. */
const kindOf = (name: string): string => /^flywheel-([a-z]+)-/.exec(name)?.[1] ?? name;

/** Where the second card has another figure than the first, in the order of the cards. */
export function changesOf(before: Json, after: Json): Change[] {
  const all = new Map<string, Change>();
  const keep = (f: Figure, side: "before" | "after") => {
    const key = JSON.stringify([f.group, f.name]);
    const known = all.get(key) ?? { group: f.group, name: f.name, before: null, after: null };
    known[side] = f.value;
    all.set(key, known);
  };
  figuresOf(before).forEach((f) => keep(f, "before"));
  figuresOf(after).forEach((f) => keep(f, "after"));
  return [...all.values()].filter((c) => c.before !== c.after);
}
