// What differs between two answers' tool calls: which calls belong together, and their arguments leaf by leaf.
import type { ToolCall } from "../report/model";

/** `same`, `wrong`: on both sides; `missing`: in the reference alone; `extra`: in the other answer alone. */
export type Status = "same" | "wrong" | "missing" | "extra";
export interface Leaf { path: string; status: Status; left?: unknown; right?: unknown }
export interface CallDiff { status: Status; left?: string; right?: string; leaves: Leaf[] }

const kNoName = "(no name)";
const nameOf = (call: ToolCall): string => String(call.function?.name ?? kNoName);
const isTree = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && Object.keys(v).length > 0;

/** Arguments come as an object or as its JSON text; absent ones are `{}`; text that is no JSON stays text. */
export function argumentsOf(call: ToolCall): unknown {
  const value = call.function?.arguments;
  if (value === undefined || value === null || value === "") return {};
  if (typeof value !== "string") return value;
  try {
    const parsed: unknown = JSON.parse(value);
    return parsed ?? {};
  } catch {
    return value;
  }
}

/** Every leaf by its path: `address.lines[0]`. A value that is no object stands under the empty path. */
export function leavesOf(value: unknown, path = "", into = new Map<string, unknown>()): Map<string, unknown> {
  if (!isTree(value)) {
    if (path !== "" || typeof value !== "object") into.set(path, value);
    return into;
  }
  for (const [key, inner] of Object.entries(value)) leavesOf(inner, Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`, into);
  return into;
}

const sameLeaf = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

function compareLeaves(left: unknown, right: unknown): Leaf[] {
  const [a, b] = [leavesOf(left), leavesOf(right)];
  const paths = [...new Set([...a.keys(), ...b.keys()])];
  return paths.map((path) => {
    const status: Status = !b.has(path) ? "missing" : !a.has(path) ? "extra" : sameLeaf(a.get(path), b.get(path)) ? "same" : "wrong";
    return { path, status, left: a.get(path), right: b.get(path) };
  });
}

function compare(left: ToolCall, right: ToolCall): CallDiff {
  return { status: nameOf(left) === nameOf(right) ? "same" : "wrong", left: nameOf(left), right: nameOf(right), leaves: compareLeaves(argumentsOf(left), argumentsOf(right)) };
}

const alone = (call: ToolCall, status: "missing" | "extra"): CallDiff => {
  const side = status === "missing" ? "left" : "right";
  return { status, [side]: nameOf(call), leaves: [...leavesOf(argumentsOf(call))].map(([path, value]) => ({ path, status, [side]: value })) };
};

const differing = (diff: CallDiff): number => diff.leaves.filter((l) => l.status !== "same").length;

/** Calls are a multiset: each of the reference's takes the call of its tool that is most like it, then any that is left. */
export function diffCalls(left: ToolCall[], right: ToolCall[]): CallDiff[] {
  const pairs = left.flatMap((l, i) => right.map((r, j) => ({ i, j, diff: compare(l, r) })));
  pairs.sort((p, q) => Number(p.diff.status === "wrong") - Number(q.diff.status === "wrong") || differing(p.diff) - differing(q.diff) || p.i - q.i || p.j - q.j);
  const paired = new Map<number, CallDiff>();
  const taken = new Set<number>();
  for (const { i, j, diff } of pairs) {
    if (paired.has(i) || taken.has(j)) continue;
    paired.set(i, diff);
    taken.add(j);
  }
  return [...left.map((call, i) => paired.get(i) ?? alone(call, "missing")), ...right.filter((_, j) => !taken.has(j)).map((call) => alone(call, "extra"))];
}
