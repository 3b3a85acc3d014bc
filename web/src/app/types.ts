// The API's answers, as far as the pages read them (/openapi.json has all of it).

export interface Sums { records: number; errors: number; prompt_tokens: number; cached_tokens: number; completion_tokens: number; without_usage: number; seconds_mean: number | null }
export type Point = Sums & { at: string };
export interface NamedCount { name: string; records: number }
export interface WorkloadStatistics {
  workload_id: string; client_id: string; records: number; oldest: string; newest: string; is_complete: boolean; total: Sums;
  series: { width_seconds: number; points: Point[] };
  classes: NamedCount[]; models: NamedCount[]; finish_reasons: NamedCount[]; endings: NamedCount[]; origins: NamedCount[]; variants: NamedCount[];
}
export interface Price { input_per_million: number; output_per_million: number; cached_input_per_million: number | null }
/** Records that are acknowledged and not yet in a log store elsewhere. */
export interface WaitingRecords { records: number; oldest_seconds: number | null; reason: string | null }
export interface Statistics { production: { name: string | null; price: Price | null }; workloads: WorkloadStatistics[]; waiting?: WaitingRecords }

export interface WorkloadName { workload_id: string; client_id: string; records: number; oldest: string; newest: string }

export interface InteractionSummary {
  id: string; timestamp: string; workload_id: string; client_id: string; class: string | null; called: string[]; tools_offered: number; messages: number;
  model_asked: string | null; model_answered: string | null; finish_reason: string | null; is_error: boolean; ending: string; origin: string; asked: string; answered: string;
  prompt_tokens: number | null; completion_tokens: number | null; seconds: number | null; bytes: number;
  /** When request and response went, of which the figures stay. */
  content_expired: string | null;
}
export interface Provenance {
  origin: string; ending: string; http_status: number | null; first_token_seconds: number | null; seconds: number | null; model_asked: string | null; model_answered: string | null;
  route: string | null; variant: string | null; conversation: string | null; key: string | null; tags: { name: string; value: string }[];
}
export type Interaction = InteractionSummary & { provenance: Provenance; request: unknown; response: unknown };
export interface TrafficPage { interactions: InteractionSummary[]; scanned: number; next_cursor: string | null }

export type JobStatus = "pending" | "running" | "completed" | "cancelled" | "failed";
export interface JobSummary { id: string; workload_id: string; client_id: string; status: JobStatus; started_at: string; finished_at: string | null; datasets_only: boolean; error: string | null }
export interface EvaluationState {
  eval_type: string; variant: string; scores: Record<string, number>; started_at: string | null; finished_at: string | null; runtime_seconds: number; progress: number;
  rows_done: number; rows_total: number; rows_failed: number; error: string | null;
}
export interface CustomizationState {
  started_at: string | null; finished_at: string | null; runtime_seconds: number; progress: number; epochs_completed: number; steps_completed: number; steps_total: number;
  loss: number | null; seconds_left: number; error: string | null;
}
export interface CandidateState {
  model_name: string; status: string; deployment_status: string; deployment: string | null; runtime_seconds: number; evaluations: EvaluationState[];
  customizations: CustomizationState[]; error: string | null;
}
/** `stage`: that deployed it, of a run's engine. */
export interface EngineLog { stage?: string; is_running: boolean; lines: string[] }
export interface JobDetail extends JobSummary {
  stage: string | null; run_started_at: string | null; num_records: number; seed: number; workload_type: string | null; nims: CandidateState[];
  datasets: { name: string; num_records: number; digest: string }[]; warnings: string[]; llm_judge: { model_name: string; error: string | null } | null;
}

/** Two evaluations row by row. */
export interface ComparedAnswer { message: unknown; agreement: number; asks: number; scores: Record<string, number>; mistakes: string[]; failure: string | null; error: string | null }
export interface ComparedRow {
  record_id: string; label: string; is_in_log: boolean; outcome: "left_better" | "right_better" | "both" | "neither"; messages: unknown[] | null; reference: unknown;
  left: ComparedAnswer; right: ComparedAnswer;
}
export interface Comparison {
  counts: { rows: number; left_better: number; right_better: number; both: number; neither: number; without_score: number; left_only: number; right_only: number };
  rows: ComparedRow[]; next_cursor: string | null;
}

export interface Setting { path: string; value: string; source: "file" | "command_line" | "default"; line: number | null }
export interface Configuration { file: string | null; settings: Setting[]; warnings: string[] }
export interface ApiKey { id: string; name: string; tenant: string; role: string; listeners: string[]; workloads: string[]; created_at: string; last_used: string | null; revoked_at: string | null }
export interface AuditDelivery { id: string; url: string; entry: number; event: string; subject: string; status: string; attempts: Attempt[]; next_attempt_at: string | null }
export interface Attempt { at: string; status: number; error: string }
export interface Delivery { id: string; url: string; status: string; attempts: Attempt[] }

export interface ReviewQuality { rows: number; divergent: number; judged: number; as_good: number; low: number; high: number }
export type RowSource = "evaluation" | "shadow";
export interface ShadowQuality { items: number; judged: number; told: number; as_good: number | null; low: number; high: number }
export interface ReviewAgreement { people: [string, string]; rows: number; equal: number; kappa: number | null; low: number; high: number }
export interface ReviewJudge { good: number; found_good: number; bad: number; found_bad: number; sensitivity: { low: number; high: number }; specificity: { low: number; high: number } }
export interface ReviewSummary {
  id: string; job_id: string; created_at: string; workload_id: string; client_id: string; model_name: string; variant: string; decision: "yes" | "no" | "not_decided";
  rows: number; divergent: number; left_out: number; counts: { items: number; judged: number; people: Record<string, number>; verdicts: Record<string, number> };
  quality: ReviewQuality | null; shadow: ShadowQuality | null; agreements: ReviewAgreement[]; judge: ReviewJudge | null;
}
export interface QueueItem { record_id: string; class: string | null; group: string; why: string[]; source: RowSource; judged_by: number; mine: string | null }
export type WholeReview = ReviewSummary & { queue: QueueItem[] };
export interface CardSide { message: unknown; failure: string | null }
export interface ReviewCard {
  record_id: string; why: string[]; source: RowSource; messages: unknown[] | null; left: CardSide; right: CardSide; alike: number; alike_left: number; judged_by_others: number;
  mine: { verdict: string; note: string; tags: string[]; corrected: unknown; at: string } | null;
  revealed: { candidate: "left" | "right"; class: string; agreement: number | null; scores: Record<string, number>; mistakes: string[] } | null;
}

export type PromotionStage = "proposed" | "signed_off" | "shadow" | "canary" | "live" | "retired" | "rejected" | "rolled_back";
export interface GateFigures { gate: string; title: string; count: number; mean: number; limit: number; is_failed: boolean }
export interface PairSummary {
  pairs: number; answered: number; compared: number; score: number; candidate_seconds: { p50: number; p95: number }; other_seconds: { p50: number; p95: number };
}
export interface EngineState { state: "waiting" | "starting" | "ready" | "failed" | "refused"; failures: number; hangs: number; why: string | null; description: string | null }
export interface ServedHere {
  base: string; adapter: string | null; keep_layers: number[] | null; context_length: number; chat_template: string | null; enable_thinking: boolean; engine: EngineState | null;
}
export interface Promotion {
  id: string; stage: PromotionStage; step: number; share: number; shadow: number; workload_id: string; client_id: string; job_id: string; model_name: string; variant: string;
  upstream: string | null; served_model: string; served_here: ServedHere | null; digest: string; digests: Record<string, string>; proposer: string; signatures: { person: string; at: string }[]; signatures_needed: number;
  created_at: string; changed_at: string; reason: string; revision: number; trouble: string | null;
  progress: { requests: number; errors: number; missing: number; gates: GateFigures[] } | null; pairs?: PairSummary;
}
export interface AuditEntry { number: number; at: string; person: string; action: string; subject: string; reason: string }
export interface AuditVerification { entries: number; head: string; fault: string | null }
export interface PairLine {
  record_id: string; at: string; client_had: "production" | "candidate"; is_answered: boolean; metric: string; score: number; judge: number | null; mistakes: string[];
  candidate_seconds: number; other_seconds: number;
}

/** A rule of `gateway.capture.rules`: the name that it gives, and what it asks of a request. */
export interface LabelRule { workload: string; [asks: string]: unknown }
export interface ProposedWorkload {
  name: string; records: number; share: number; rule: LabelRule; prompt: string; prompt_variants: number; with_earlier_turns: number;
  answers: { text: number; json: number; tool_calls: number; error: number }; clients: Record<string, number>; models: Record<string, number>; called: Record<string, number>;
  oldest: string | null; newest: string | null; examples: { record_id: string; asked: string; answered: string }[];
}
export interface Discovery {
  status: "none" | "running" | "done" | "failed" | "cancelled"; workload_id: string | null; records_total: number; records_compared: number; records_counted: number; error: string | null;
  found: { records: number; compared: number; in_none: number; without_content: number; workloads: ProposedWorkload[] } | null;
}
export interface AcceptedRules { accepted: { workload_id: string; rules: LabelRule[] }[] }
