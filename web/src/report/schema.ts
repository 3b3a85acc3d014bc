// Made by schema_types.mjs out of docs/formats/report.schema.json; do not edit.

export interface Estimate {
  n: number;
  right: number;
  mean: number;
  low: number;
  high: number;
}

export type Decision = "yes" | "no" | "not_decided";

export interface Price {
  input_per_million: number;
  output_per_million: number;
  cached_input_per_million?: number;
}

export interface Difference {
  n: number;
  difference: number;
  low: number;
  high: number;
  interval: string;
  p_value: number;
  test: string;
}

export interface Score {
  name: string;
  kind: "rate" | "graded";
  interval: string;
  n: number;
  right: number;
  mean: number;
  low: number;
  high: number;
}

export interface Verdict {
  decision: Decision;
  reason: string;
  p_value: number | null;
  p_adjusted: number | null;
  tests: number;
  rows_needed: number | null;
  chance: number | null;
  newest: Decision | null;
  costs_more: boolean | null;
}

export interface Latency {
  n: number;
  p50: number;
  p95: number;
}

export interface Evaluation {
  variant: string;
  eval_type: string;
  started_at: string | null;
  finished_at: string | null;
  runtime_seconds: number;
  error: string | null;
  rows: number;
  rows_failed: number;
  failures: Record<string, number>;
  rows_unscored: number;
  unscored: Record<string, number>;
  agreement: {
    name: string;
    kind: "rate" | "graded";
    interval: string;
    clusters: number;
    effective_n: number;
    n: number;
    right: number;
    mean: number;
    low: number;
    high: number;
    rows?: number;
  } | null;
  by_answer_kind: {
    group: "tool_calls" | "text";
    title: string;
    share: number;
    n: number;
    right: number;
    mean: number;
    low: number;
    high: number;
  }[];
  scores: Score[];
  breakdown: {
    dimension: string;
    title: string;
    groups: {
      group: string;
      title: string;
      share: number;
      n: number;
      right: number;
      mean: number;
      low: number;
      high: number;
    }[];
  }[];
  classes: {
    label: string;
    share: number;
    mistakes: Record<string, number>;
    n: number;
    right: number;
    mean: number;
    low: number;
    high: number;
  }[];
  mistakes: Record<string, number>;
  difference_to_base: Difference | null;
  difference_to_best_baseline: Difference & {
    baseline: string;
  } | null;
  verdict: Verdict | null;
  latency_seconds: {
    alone: Latency | null;
    loaded: Latency & {
      parallelism: number;
    } | null;
  };
  tokens: {
    prompt_mean: number;
    cached_prompt_mean: number;
    completion_mean: number;
    total: number;
  } | null;
  cost_per_1000: number | null;
  endpoint_notes: string[];
  errors: Record<string, number>;
  frequent?: {
    requests: number;
    asks: number;
    unsteady: number;
    share: number;
  };
}

export interface Point {
  step: number;
  epoch: number;
  loss: number | null;
  validation_loss: number | null;
  learning_rate: number;
  tokens_per_second: number;
}

export interface Customization {
  status: "running" | "completed" | "failed";
  error: string | null;
  runtime_seconds: number;
  cost: number | null;
  rows: number | null;
  rows_left_out: number | null;
  steps: number;
  epochs: number;
  best_step: number | null;
  validation_loss: number | null;
  validation_exact: number | null;
  customized_model: string | null;
  adapter: string | null;
  device: string | null;
  warnings: string[];
  settings: Record<string, unknown>;
  curve: Point[];
}

export interface Candidate {
  model_name: string;
  source: string;
  layers_kept: number | null;
  price: Price | null;
  status: string;
  error: string | null;
  runtime_seconds: number;
  deployment: string | null;
  evaluations: Evaluation[];
  customization: Customization | null;
}

export interface Contender {
  model_name: string;
  variant: string;
}

export type Message = Record<string, unknown> | null;

export interface DivergentRow {
  record_id: string;
  label: string;
  answer_kind: "tool_calls" | "text";
  conversation: string;
  turn: number;
  template_in_training: boolean;
  newest: boolean;
  messages: unknown[] | null;
  reference: unknown;
  answers: {
    model_name: string;
    variant: string;
    message: Message;
    agreement: number | null;
    scores: Record<string, number>;
    mistakes: string[];
    failure: string | null;
    error: string | null;
    confidence?: number | null;
    asks?: number;
    asks_divergent?: number;
    share_divergent?: number;
  }[];
}

export interface Report {
  version: 2;
  software: {
    name: string;
    version: string;
  };
  job: {
    id: string;
    workload_id: string;
    client_id: string;
    status: string;
    workload_type: string | null;
    created_at: string;
    started_at: string | null;
    finished_at: string | null;
    runtime_seconds: number | null;
    num_records: number | null;
    seed: number;
    error: string | null;
  };
  summary: {
    decision: Decision;
    model_name: string | null;
    variant: string | null;
    eval_type: string | null;
    headline: string;
    reasons: string[];
    next_steps: string[];
    score: Estimate | null;
    newest: Estimate | null;
    threshold: {
      value: number;
      margin: number;
      ceiling: number;
      set_by: string;
    };
    wrong_per_1000: {
      mean: number;
      low: number;
      high: number;
    } | null;
    monthly: {
      requests: number;
      window_days: number;
      production_cost: number | null;
      candidate_cost: number | null;
      saving: number | null;
    } | null;
  };
  production: {
    name: string;
    price: Price | null;
    prompt_tokens_mean: number | null;
    cached_prompt_tokens_mean?: number | null;
    completion_tokens_mean: number | null;
    cost_per_1000: number | null;
    ceiling: {
      value: number;
      low: number;
      high: number;
      n: number;
      source: "replay" | "repeats" | "assumed";
      note: string;
    };
  };
  scoring: {
    leading: {
      name: string;
      title: string;
      meaning: string;
      kind: "rate" | "graded";
    };
    metrics: {
      name: string;
      title: string;
      meaning: string;
      kind: "rate" | "graded";
      answer_kind: "tool_calls" | "text";
      judged: boolean;
      blueprint: boolean;
      leading: boolean;
    }[];
    judge: string | null;
    notes: string[];
  };
  baselines: {
    name: string;
    title: string;
    n: number;
    right: number;
    mean: number;
    low: number;
    high: number;
  }[];
  candidates: Candidate[];
  ranking: {
    rule: string;
    entries: {
      rank: number;
      candidate: number;
      model_name: string;
      variant: string;
      eval_type: string;
      n: number;
      score: number;
      low: number;
      high: number;
      cost_per_1000: number | null;
      latency_p50_seconds: number | null;
      decision: Decision;
      promising: boolean;
      reason: string;
    }[];
  };
  head_to_head: {
    a: Contender;
    b: Contender;
    n: number;
    only_a: number;
    only_b: number;
    difference: number;
    low: number;
    high: number;
    p_value: number;
    p_adjusted: number;
    test: string;
    rows_to_tell_apart: number | null;
    p_noninferior: number | null;
  }[];
  divergent_rows: {
    total: number;
    left_out: number;
    rows: DivergentRow[];
  };
  trust: {
    clean: boolean;
    checks: {
      name: string;
      ok: boolean;
      text: string;
    }[];
  };
  serve: {
    title: string;
    command: string;
  }[];
  reproduce: {
    commands: string[];
    seed: number;
    datasets: string[];
  };
  dataset: {
    workload_type?: "tool_calling" | "generic";
    seed?: number;
    steps: {
      step: string;
      in: number;
      out: number;
      reasons: Record<string, number>;
      repaired?: Record<string, number>;
    }[];
    datasets: {
      name: string;
      uri: string;
      digest: string;
      num_records: number;
    }[];
    classes: unknown[];
    notes: string[];
    mix?: {
      of: string;
      values: {
        value: string;
        traffic: {
          records: number;
          share: number | null;
        };
        eval: {
          rows: number;
          share: number | null;
          weighted_share: number | null;
        };
        train: {
          rows: number;
          share: number | null;
        };
        validation: {
          rows: number;
          share: number | null;
        };
      }[];
    }[];
    templates?: {
      templates: number;
      eval_rows_seen: number;
      eval_rows_unseen: number;
      rows_left_out: number;
      newest_known_share: number | null;
    };
    self_agreement?: {
      requests: number;
      records: number;
      share: number | null;
      pairs_share: number | null;
    };
    corrections?: {
      given: number;
      train: number;
      validation: number;
      evaluation_unchanged: number;
      left_out: number;
      superseded: number;
      not_in_window: number;
      unusable: number;
      reasons: Record<string, number>;
    };
    holdout?: {
      job: string;
      dataset: string;
      digest: string;
      rows: number;
      evaluated: number;
      retired: {
        record_id: string;
        why: string;
      }[];
      retired_weight_share: number;
      answered_otherwise: number;
      rewritten: number;
      newest_record: number;
      records: number;
      records_since: number;
    };
    waiting?: {
      records: number;
      why: string;
    };
    left_out?: Record<string, number>;
    near_duplicates?: {
      clusters: number;
      rows: number;
      training_and_validation: number;
      not_looked_at: number;
      largest: {
        rows: number;
        train: number;
        validation: number;
        evaluation: number;
        examples: {
          record_id: string;
          text: string;
        }[];
        answers: number;
      }[];
      answered_differently: number;
      called_differently: number;
    };
    suspicious?: {
      left_out: boolean;
      training_rows: number;
      evaluation_rows: number;
      reasons: {
        why: string;
        training: number;
        evaluation: number;
        examples: {
          record_id: string;
          detail: string;
        }[];
      }[];
    };
    leak?: {
      conversations_on_two_sides: number;
      requests_on_two_sides: number;
      eval_rows_said_in_training: number;
      eval_rows_template_in_training: number;
      eval_rows_near_training: number;
      eval_rows_request_in_training?: number;
      eval_rows_near_example: number;
      eval_rows_answered_in_training: number;
      eval_rows_own_answer_in_training?: number;
      near_duplicate_threshold: number;
      method: string;
      pairs: {
        kind: "request" | "held_request" | "answer";
        likeness: number;
        evaluation: {
          record_id: string;
          text: string;
        };
        training: {
          record_id: string;
          text: string;
        };
      }[];
    };
    like_requests?: {
      rows: number;
      agreeing_share: number;
      chance_share: number;
      noisy: boolean;
      classes: {
        label: string;
        rows: number;
        agreeing_share: number;
        chance_share: number;
      }[];
    };
    refused?: string;
  };
  config: Record<string, unknown>;
}
