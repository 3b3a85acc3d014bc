// What the page adds to the report's types (schema.ts): the traffic's own messages, and names for people.
import type { ComponentChildren } from "preact";
import type { Kind } from "../components/format";
import { jsonText } from "../components/json_text";
import type { Candidate, DivergentRow, Evaluation, Report } from "./schema";

export type { Candidate, Customization, Decision, DivergentRow, Estimate, Evaluation, Report } from "./schema";

export interface ToolCall { function?: { name?: unknown; arguments?: unknown } }
export interface Message { role?: string; content?: unknown; tool_calls?: ToolCall[] }
export type RowAnswer = DivergentRow["answers"][number];
/** What is known of a row beside its report, by its record's id; a report in a file knows nothing. */
export type RowNote = (record: string) => ComponentChildren;
export type RankingEntry = Report["ranking"]["entries"][number];

/** A message of the traffic, whatever was captured there. */
export function asMessage(value: unknown): Message | null {
  if (typeof value !== "object" || value === null) return null;
  const { role, content, tool_calls } = value as Record<string, unknown>;
  return { role: typeof role === "string" ? role : "", content, tool_calls: Array.isArray(tool_calls) ? tool_calls.filter((c) => c && typeof c === "object") : [] };
}

export const messagesOf = (row: DivergentRow): Message[] => (row.messages ?? []).flatMap((m) => asMessage(m) ?? []);

/** The text of a message's content: a string, or a list of parts. */
export function contentText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  const partText = (part: unknown) => {
    const p = part as { type?: unknown; text?: unknown } | null;
    return typeof p?.text === "string" ? p.text : `[${typeof p?.type === "string" ? p.type : jsonText(part)}]`;
  };
  return Array.isArray(value) ? value.map(partText).join("\n") : jsonText(value);
}

/** What an id of a variant is made of, `[customized-][PROMPT-][icl-]eval`, in the words of modelops::title_of. */
export function variantName(variant: string): string {
  const parts = /^(customized-)?(?:base-|(?:(?!icl-)(.+?)-)?(icl-)?)eval$/.exec(variant);
  if (!parts) return variant;
  const [, adapter, prompt, examples] = parts;
  return [adapter && "fine-tuned", prompt && `prompt ${prompt}`, examples && "few-shot"].filter(Boolean).join(", ") || "zero-shot";
}

export const kDecisionWords = { yes: "yes", no: "no", not_decided: "not yet" } as const;

/** One evaluation with its candidate. `key` names it in the page's address. */
export interface Contender { key: string; model_name: string; variant: string; candidate: Candidate; evaluation: Evaluation }

export const contenderKey = (index: number, variant: string): string => `${index}.${variant}`;

/** All evaluations that have a score, in the ranking's order. */
export function contenders(report: Report): Contender[] {
  const all = report.candidates.flatMap((candidate, index) => candidate.evaluations.map((evaluation) => ({
    key: contenderKey(index, evaluation.variant), model_name: candidate.model_name, variant: evaluation.variant, candidate, evaluation })));
  const rank = new Map(report.ranking.entries.map((e) => [contenderKey(e.candidate, e.variant), e.rank]));
  return all.filter((c) => c.evaluation.agreement !== null).sort((a, b) => (rank.get(a.key) ?? Infinity) - (rank.get(b.key) ?? Infinity));
}

export const fullName = (model: string, variant: string): string => `${model}, ${variantName(variant)}`;

export const leadingKind = (report: Report): Kind => report.scoring.leading.kind;

/** A metric's name for people. */
export const metricTitle = (report: Report, name: string): string =>
  report.scoring.metrics.find((m) => m.name === name)?.title ?? (name === report.scoring.leading.name ? report.scoring.leading.title : name);
