// What differs between two answers' tool calls: which calls belong together, and their arguments leaf by leaf.
import type { ToolCall } from "../report/model";
import { jsonText } from "./json_text";

/** `same`, `wrong`: on both sides; `missing`: in the reference alone; `extra`: in the other answer alone. */
export type Status = "same" | "wrong" | "missing" | "extra";
export interface Leaf { path: string; status: Status; left?: unknown; right?: unknown }
export interface CallDiff { status: Status; left?: string; right?: string; leaves: Leaf[] }

const kNoName = "(no name)";
const nameOf = (call: ToolCall): string => String(call.function?.name ?? kNoName);
const isTree = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && Object.keys(v).length > 0;

/** What nobody reads is not taken apart: values nested deeper stay whole; of more arguments and calls the first are compared. */
const kDeepest = 32;
export const kMostLeaves = 300;
export const kMostCalls = 50;

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
export function leavesOf(value: unknown, path = "", into = new Map<string, unknown>(), depth = 0): Map<string, unknown> {
  if (into.size >= kMostLeaves) return into;
  if (!isTree(value) || depth >= kDeepest) {
    if (path !== "" || typeof value !== "object") into.set(path, value);
    return into;
  }
  for (const [key, inner] of Object.entries(value)) leavesOf(inner, Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`, into, depth + 1);
  return into;
}

const sameLeaf = (a: unknown, b: unknown): boolean => a === b || (typeof a === "object" && typeof b === "object" && jsonText(a) === jsonText(b));

type Leaves = Map<string, unknown>;
interface Call { name: string; leaves: Leaves }
const takenApart = (call: ToolCall): Call => ({ name: nameOf(call), leaves: leavesOf(argumentsOf(call)) });

function compareLeaves(a: Leaves, b: Leaves): Leaf[] {
  const paths = [...new Set([...a.keys(), ...b.keys()])];
  return paths.map((path) => {
    const status: Status = !b.has(path) ? "missing" : !a.has(path) ? "extra" : sameLeaf(a.get(path), b.get(path)) ? "same" : "wrong";
    return { path, status, left: a.get(path), right: b.get(path) };
  });
}

function compare(left: Call, right: Call): CallDiff {
  return { status: left.name === right.name ? "same" : "wrong", left: left.name, right: right.name, leaves: compareLeaves(left.leaves, right.leaves) };
}

const alone = (call: Call, status: "missing" | "extra"): CallDiff => {
  const side = status === "missing" ? "left" : "right";
  return { status, [side]: call.name, leaves: [...call.leaves].map(([path, value]) => ({ path, status, [side]: value })) };
};

const differing = (diff: CallDiff): number => diff.leaves.filter((l) => l.status !== "same").length;

/** Of the first kMostCalls of each side. Calls are a multiset: each of the reference's takes the call of its tool that is most like it, then any that is left. */
export function diffCalls(reference: ToolCall[], answer: ToolCall[]): CallDiff[] {
  const [left, right] = [reference, answer].map((calls) => calls.slice(0, kMostCalls).map(takenApart)) as [Call[], Call[]];
  const pairs = left.flatMap((l, i) => right.map((r, j) => ({ i, j, diff: compare(l, r) })));
  pairs.sort((p, q) => Number(p.diff.status === "wrong") - Number(q.diff.status === "wrong") || differing(p.diff) - differing(q.diff) || p.i - q.i || p.j - q.j);
  const paired = new Map<number, CallDiff>();
  const used = new Set<number>();
  for (const { i, j, diff } of pairs) {
    if (paired.has(i) || used.has(j)) continue;
    paired.set(i, diff);
    used.add(j);
  }
  return [...left.map((call, i) => paired.get(i) ?? alone(call, "missing")), ...right.filter((_, j) => !used.has(j)).map((call) => alone(call, "extra"))];
}
