// The report's JSON as docs/formats/report.md describes it.

export interface Interval { mean: number; low: number; high: number; n: number }
export interface Group extends Interval { group: string }
export interface Score extends Interval { name: string; interval: string; groups: Group[] }

export interface Difference {
  score: string; n: number; difference: number; low: number; high: number;
  interval: string; p_value: number | null; test: string | null;
}

export interface Evaluation {
  eval_type: string; started_at: string | null; finished_at: string | null; runtime_seconds: number | null;
  error: string | null; rows: number; rows_failed: number; errors: Record<string, number>;
  scores: Score[]; difference_to_base: Difference | null;
  latency_seconds: { p50: number | null; p95: number | null } | null;
  tokens: { prompt_mean: number; completion_mean: number; total: number } | null;
  cost_per_1000: number | null;
}

export interface CurvePoint {
  step: number; epoch: number; loss: number | null; validation_loss: number | null; learning_rate: number;
  tokens_per_second: number;
}

export interface Customization {
  status: string; error: string | null; runtime_seconds: number | null; rows: number; rows_left_out: number;
  steps: number; epochs: number; validation_loss: number | null; validation_exact: number | null;
  customized_model: string | null; adapter: string | null; warnings: string[];
  settings: Record<string, unknown>; curve: CurvePoint[];
}

export interface Price { input_per_million: number; output_per_million: number }

export interface Candidate {
  model_name: string; source: string; layers_kept: number | null; price: Price | null; status: string;
  error: string | null; runtime_seconds: number | null; deployment: string | null;
  evaluations: Evaluation[]; customization: Customization | null;
}

export interface RankingEntry {
  rank: number; model_name: string; eval_type: string; score: number; low: number; high: number;
  cost_per_1000: number | null; latency_p50_seconds: number | null; promising: boolean; reason: string;
}

export interface ToolCall { function?: { name?: string; arguments?: unknown } }
export interface Message { role?: string; content?: unknown; tool_calls?: ToolCall[] | null }

export interface DivergentRow {
  record_id: string; label: string; novel_wording: boolean; messages: Message[]; reference: Message;
  answers: { model_name: string; eval_type: string; message: Message | null; scores: Record<string, number>; error: string | null }[];
}

export interface Report {
  version: number;
  software: { name: string; version: string };
  job: {
    id: string; workload_id: string; client_id: string; status: string; workload_type: string | null;
    started_at: string | null; finished_at: string | null; runtime_seconds: number | null; seed: number | string | null;
    error: string | null;
  };
  production: {
    name: string | null; price: Price | null; prompt_tokens_mean: number | null; completion_tokens_mean: number | null;
    cost_per_1000: number | null;
  };
  leading_score: string | null;
  scoring: { judge: string | null; note: string | null };
  candidates: Candidate[];
  ranking: { rule: string; entries: RankingEntry[] };
  divergent_rows: DivergentRow[];
  dataset: {
    steps: { step: string; in: number; out: number; reasons: Record<string, number> }[];
    datasets: { name: string; uri: string; digest: string; num_records: number }[];
    classes: { label: string; eval: number; train: number; validation: number }[];
    notes: string[];
  } | null;
  config: unknown;
}

const kEvalNames: Record<string, string> = {
  "base-eval": "as it is",
  "icl-eval": "with examples",
  "customized-eval": "fine-tuned",
};
export const evalName = (type: string): string => kEvalNames[type] ?? type;

const kScoreNames: Record<string, string> = {
  function_name: "function name",
  function_name_and_args_accuracy: "name and arguments",
  tool_calling_correctness: "correct (judge)",
  similarity: "similarity (judge)",
  rouge_l: "ROUGE-L",
};
export const scoreName = (name: string): string => kScoreNames[name] ?? name;
