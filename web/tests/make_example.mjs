// Plays a small run and writes its report in the form of docs/formats/report.schema.json: node make_example.mjs report_example.json
// Same options, same bytes. The figures are counted from the rows that it plays, so they agree with one another.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { classesOf, playRow } from "./example_rows.mjs";

/** mulberry32: small, and the same everywhere. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const round = (x, digits = 4) => Number(x.toFixed(digits));
const average = (values) => values.reduce((a, b) => a + b, 0) / values.length;

function wilson(right, n) {
  const z = 1.959964;
  const p = right / n;
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n);
  return { low: round(Math.max(0, middle - half)), high: round(Math.min(1, middle + half)) };
}

/** n, right, mean and interval of rows that have an `agreement`. */
function estimate(rows) {
  const values = rows.map((r) => r.agreement);
  const n = values.length;
  const right = values.filter((v) => v >= 0.999).length;
  const mean = average(values);
  if (values.every((v) => v === 0 || v === 1)) return { n, right, mean: round(mean), ...wilson(right, n) };
  const deviation = Math.sqrt(values.reduce((a, v) => a + (v - mean) ** 2, 0) / Math.max(1, n - 1));
  const half = (1.96 * deviation) / Math.sqrt(n);
  return { n, right, mean: round(mean), low: round(Math.max(0, mean - half)), high: round(Math.min(1, mean + half)) };
}

const tally = (names) => {
  const counts = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

const groupsOf = (rows, groups) => groups
  .map(([group, title, belongs]) => ({ group, title, rows: rows.filter(belongs) }))
  .filter((g) => g.rows.length > 0)
  .map((g) => ({ group: g.group, title: g.title, share: round(g.rows.length / rows.length), ...estimate(g.rows) }));

const breakdown = (rows) => [
  { dimension: "newest", title: "newest and older traffic", groups: groupsOf(rows, [
    ["newest", "newest part of the traffic", (r) => r.row.newest], ["older", "older traffic", (r) => !r.row.newest]]) },
  { dimension: "template", title: "templates", groups: groupsOf(rows, [
    ["in_training", "template seen in training", (r) => r.row.template_in_training],
    ["not_in_training", "template not in training", (r) => !r.row.template_in_training]]) },
  { dimension: "turn", title: "turns", groups: groupsOf(rows, [
    ["first", "first turn of a conversation", (r) => r.row.turn === 1], ["later", "later turns", (r) => r.row.turn > 1]]) },
  { dimension: "conversation_length", title: "length of the conversation", groups: groupsOf(rows, [
    ["1", "1 turn", (r) => r.row.turns === 1], ["2-4", "2 to 4 turns", (r) => r.row.turns > 1 && r.row.turns < 5],
    ["5+", "5 turns and more", (r) => r.row.turns >= 5]]) },
].filter((d) => d.groups.length > 0);

const classRows = (rows) => [...new Set(rows.map((r) => r.row.label))].map((label) => {
  const own = rows.filter((r) => r.row.label === label);
  return { label, ...estimate(own), share: round(own.length / rows.length), mistakes: tally(own.flatMap((r) => r.mistakes)) };
}).sort((a, b) => a.mean - b.mean || b.n - a.n);

function verdict(score, newest, threshold, costsMore, tests) {
  const base = { p_value: 0.002, p_adjusted: 0.012, tests, rows_needed: null, chance: null, newest: "yes", costs_more: costsMore };
  const at = `${(100 * threshold).toFixed(0)} %`;
  if (score.high < threshold) return { ...base, decision: "no", newest: "no", reason: `not as good: the upper bound lies below the threshold of ${at}` };
  if (score.low >= threshold && newest.mean >= threshold) {
    return { ...base, decision: "yes", reason: `as good as production within the margin: the lower bound lies above ${at}, on the newest part too` };
  }
  return { ...base, decision: "not_decided", newest: "not_decided", p_value: 0.08, p_adjusted: 0.21, rows_needed: 900, chance: 0.8,
    reason: `not decided: the interval holds the threshold of ${at}` };
}

const difference = (a, b, wording) => {
  const d = average(a.map((x) => x.agreement)) - average(b.map((x) => x.agreement));
  return { n: a.length, difference: round(d), low: round(d - 0.04), high: round(d + 0.04), interval: "newcombe", p_value: Math.abs(d) > 0.06 ? 1e-12 : 0.31, test: "mcnemar exact", ...wording };
};

const kVariants = ["base-eval", "icl-eval", "customized-eval"];

function evaluation(spec, rows, o) {
  const answered = rows.filter((r) => r.agreement !== null);
  const score = estimate(answered);
  const failures = tally(rows.flatMap((r) => r.failure ?? []));
  const unscored = rows.length > answered.length ? { "the judge gave no rating": rows.length - answered.length } : {};
  const kind = o.generic ? "graded" : "rate";
  const alone = spec.seconds;
  return {
    variant: spec.variant, eval_type: spec.variant, started_at: "2026-11-24T15:02:00.000000", finished_at: "2026-11-24T15:02:31.000000", runtime_seconds: 31.2,
    error: null, rows: rows.length, rows_failed: rows.filter((r) => r.failure).length, failures,
    rows_unscored: rows.length - answered.length, unscored, errors: { ...failures, ...unscored },
    agreement: { name: "agreement", kind, ...score, interval: o.generic ? "t" : "wilson", clusters: rows.length, effective_n: rows.length },
    by_answer_kind: groupsOf(answered, [
      ["tool_calls", "production called tools", (r) => r.row.answer_kind === "tool_calls"], ["text", "production answered in text", (r) => r.row.answer_kind === "text"],
    ]).map((g) => ({ ...g, share: round(g.n / answered.length) })),
    scores: scoresOf(answered, score, o),
    breakdown: breakdown(answered), classes: classRows(answered), mistakes: tally(answered.flatMap((r) => r.mistakes)),
    difference_to_base: null, difference_to_best_baseline: null,
    verdict: verdict(score, estimate(answered.filter((r) => r.row.newest)), o.threshold, spec.cost > 1.43, o.specs.length),
    latency_seconds: { alone: { n: 10, p50: alone, p95: round(alone * 1.9, 3) }, loaded: { n: rows.length - 10, parallelism: 16, p50: round(alone * 5.8, 3), p95: round(alone * 11, 3) } },
    tokens: { prompt_mean: spec.variant === "icl-eval" ? 1210.4 : 455, cached_prompt_mean: 410, completion_mean: 38, total: rows.length * 493 },
    cost_per_1000: spec.cost, endpoint_notes: spec.variant === "base-eval" ? ["the endpoint does not report cached tokens"] : [],
  };
}

function scoresOf(rows, score, o) {
  if (o.generic) return [{ name: "similarity", kind: "graded", ...score, interval: "t" }, { name: "rouge_l", kind: "graded", ...score, mean: round(score.mean * 0.6), low: round(score.mean * 0.57), high: round(score.mean * 0.63), interval: "t" }];
  const calls = estimate(rows.filter((r) => r.row.answer_kind === "tool_calls"));
  const right = Math.min(calls.n, calls.right + 4);
  return [{ name: "tool_calls_and_args_match", kind: "rate", ...calls, interval: "wilson" },
    { name: "function_name", kind: "rate", n: calls.n, right, mean: round(right / calls.n), ...wilson(right, calls.n), interval: "wilson" }];
}

const curve = (steps) => Array.from({ length: steps / 5 }, (_, i) => ({
  step: 5 * (i + 1), epoch: round((10 * (i + 1)) / steps, 2), loss: round(2.1 * Math.exp(-i / 5) + 0.04 + 0.02 * Math.sin(i * 3)),
  validation_loss: (i + 1) % 5 ? null : round(2 * Math.exp(-i / 5) + 0.06), learning_rate: 0.002, tokens_per_second: 420,
}));

const customization = (name, o) => ({
  status: "completed", error: null, runtime_seconds: 120.4, cost: 0.03, rows: 400, rows_left_out: 3, steps: 100, epochs: 2, best_step: 50, validation_loss: 0.051, validation_exact: 0.9,
  customized_model: `${name}-${o.workload}-6743`, adapter: `/data/jobs/6743d2f0a1b2c3d4e5f60718/${name}/adapter.gguf`, device: "cpu", warnings: ["3 rows are longer than 2,048 tokens and were left out"],
  settings: { epochs: 2, batch_size: 8, learning_rate: 0.002, adapter_dim: 16, upper_layers: 15 }, curve: curve(100),
});

function candidates(played, o) {
  return o.models.map((model, index) => {
    const own = played.filter((p) => p.spec.candidate === index);
    const base = own.find((p) => p.spec.variant === "base-eval");
    const evaluations = own.map((p) => {
      const e = evaluation(p.spec, p.rows, o);
      if (p !== base && base) e.difference_to_base = difference(p.rows, base.rows);
      e.difference_to_best_baseline = { baseline: "no_call", ...difference(p.rows, p.rows.map((r) => ({ agreement: r.row.label === "no_tool" ? 1 : 0 }))) };
      return e;
    });
    return { model_name: model.name, source: model.source, layers_kept: model.layers, price: model.price, status: "completed", error: null, runtime_seconds: 201,
      deployment: "llama-server, F16, 2 threads", evaluations, customization: own.some((p) => p.spec.variant === "customized-eval") ? customization(model.name, o) : null };
  });
}

const kOrder = { yes: 0, not_decided: 1, no: 2 };

function ranking(list) {
  const entries = list.flatMap((c, candidate) => c.evaluations.map((e) => ({
    candidate, model_name: c.model_name, variant: e.variant, eval_type: e.eval_type, n: e.agreement.n, score: e.agreement.mean, low: e.agreement.low, high: e.agreement.high,
    cost_per_1000: e.cost_per_1000, latency_p50_seconds: e.latency_seconds.alone.p50, decision: e.verdict.decision, promising: e.verdict.decision === "yes", reason: e.verdict.reason,
  })));
  entries.sort((a, b) => kOrder[a.decision] - kOrder[b.decision] || (a.decision === "yes" ? a.cost_per_1000 - b.cost_per_1000 : b.low - a.low) || (a.model_name < b.model_name ? -1 : 1));
  return { rule: "Decision first (yes, not decided, no); among yes the cheapest, else the highest lower bound; ties by name.", entries: entries.map((e, i) => ({ rank: i + 1, ...e })) };
}

/** What the best evaluation of every candidate said where the first of the ranking is wrong. */
function divergentRows(played, entries, o) {
  if (entries.length === 0) return { total: 0, left_out: 0, rows: [] };
  const best = [...new Map(entries.map((e) => [e.candidate, e]).reverse()).values()].sort((a, b) => a.rank - b.rank)
    .map((e) => ({ e, rows: played.find((p) => p.spec.candidate === e.candidate && p.spec.variant === e.variant).rows }));
  const rows = best[0].rows.map((_, i) => i).filter((i) => best[0].rows[i].agreement !== null && best[0].rows[i].agreement < (o.generic ? 0.5 : 1));
  const kept = rows.slice(0, o.keep).map((i) => {
    const { turns, ...row } = best[0].rows[i].row;
    return { ...row, answers: best.map(({ e, rows: own }) => ({ model_name: e.model_name, variant: e.variant, message: own[i].message, agreement: own[i].agreement,
      scores: own[i].agreement === null ? {} : { [o.generic ? "similarity" : "tool_calls_and_args_match"]: own[i].agreement }, mistakes: own[i].mistakes, failure: own[i].failure, error: null })) };
  });
  return { total: rows.length, left_out: rows.length - kept.length, rows: kept };
}

function headToHead(played, entries) {
  const first = [...new Map(entries.map((e) => [e.candidate, e]).reverse()).values()].sort((a, b) => a.rank - b.rank);
  const rowsOf = (e) => played.find((p) => p.spec.candidate === e.candidate && p.spec.variant === e.variant).rows;
  return first.flatMap((a, i) => first.slice(i + 1).map((b) => {
    const [ra, rb] = [rowsOf(a), rowsOf(b)];
    const d = difference(ra, rb);
    const clear = Math.abs(d.difference) > 0.04;
    return { a: { model_name: a.model_name, variant: a.variant }, b: { model_name: b.model_name, variant: b.variant }, n: ra.length,
      only_a: ra.filter((r, k) => r.agreement > (rb[k].agreement ?? 0)).length, only_b: rb.filter((r, k) => r.agreement > (ra[k].agreement ?? 0)).length,
      difference: d.difference, low: d.low, high: d.high, p_value: clear ? 0.0003 : 0.31, p_adjusted: clear ? 0.0009 : 0.31, test: d.test, p_noninferior: null, rows_to_tell_apart: clear ? null : 2400 };
  }));
}

function summary(list, entries, o) {
  const threshold = { value: o.threshold, margin: 0.05, ceiling: round(o.threshold + 0.05), set_by: "configuration (promising.margin)" };
  const best = entries[0];
  if (!best) {
    return { decision: "not_decided", model_name: null, variant: null, eval_type: null, headline: "No candidate was evaluated to the end.", reasons: ["the engine of smollm2-135m did not come up"],
      next_steps: ["read the error of the candidate below and run the job again"], score: null, newest: null, threshold, wrong_per_1000: null, monthly: null };
  }
  const e = list[best.candidate].evaluations.find((x) => x.variant === best.variant);
  const pick = ({ n, right, mean, low, high }) => ({ n, right, mean, low, high });
  const newest = pick(e.breakdown[0].groups[0]);
  const what = `${best.model_name}, ${best.variant === "customized-eval" ? "fine-tuned" : best.variant},`;
  const words = { yes: `${what} can take over ${o.workload}: as good as production within 5 points.`, no: `No candidate can take over ${o.workload}: the best, ${what} is not as good as production.`,
    not_decided: `${what} may be good enough for ${o.workload}; ${e.rows} rows cannot tell yet.` };
  const next = { yes: [`review the rows that differ`, `serve the adapter beside production and compare for a week`], no: ["add training rows for the classes at the top of the table of classes", "try a larger candidate"],
    not_decided: [`collect about 900 rows: they decide with probability 80 % if the observed rate is the true one`, "raise data_split_config.eval_size to 900"] };
  const wrong = (x) => round(1000 * (1 - x), 1);
  return { decision: best.decision, model_name: best.model_name, variant: best.variant, eval_type: best.eval_type, headline: words[best.decision],
    reasons: [e.verdict.reason, `better than the best trivial baseline by ${(100 * e.difference_to_best_baseline.difference).toFixed(1)} points`], next_steps: next[best.decision],
    score: pick(e.agreement), newest, threshold, wrong_per_1000: { mean: wrong(e.agreement.mean), low: wrong(e.agreement.high), high: wrong(e.agreement.low) },
    monthly: { requests: 91000, window_days: 12.5, production_cost: 130.13, candidate_cost: round(91 * e.cost_per_1000, 2), saving: round(130.13 - 91 * e.cost_per_1000, 2) } };
}

function baselines(rows, generic) {
  const as = (name, title, isRight) => ({ name, title, ...estimate(rows.map((r) => ({ agreement: isRight(r.row) ? 1 : 0 }))) });
  if (generic) return [{ name: "most_frequent", title: "always the most frequent answer", n: rows.length, right: 0, mean: 0.11, low: 0.09, high: 0.13 }];
  return [as("no_call", "always answering without a call", (r) => r.answer_kind === "text"), as("most_frequent", "always the most frequent answer", (r) => r.label === rows[0].row.label && r.turn === 1),
    as("first_tool", "always the first tool", () => false)];
}

/** The traffic and every side by one trait, as the dataset's card has it. */
function mix(of, counts) {
  const sum = (k) => counts.reduce((total, c) => total + c[k], 0);
  const side = (c, k) => ({ rows: c[k], share: round(c[k] / sum(k)) });
  return { of, values: counts.map((c) => ({ value: c[0], traffic: { records: c[1], share: round(c[1] / sum(1)) }, eval: { ...side(c, 2), weighted_share: round(c[1] / sum(1)) },
    train: side(c, 3), validation: side(c, 4) })) };
}

function dataset(o) {
  const labels = classesOf(o).map((c) => c.label);
  const digest = (c) => c.repeat(64);
  return {
    steps: [{ step: "select", in: 1160, out: 1160, reasons: {} }, { step: "validate", in: 1160, out: 1128, reasons: { "request.messages is missing or empty": 20, "the answer was cut at the token limit": 12 }, repaired: { "arguments were fenced": 3 } },
      { step: "deduplicate", in: 1128, out: 980, reasons: { "same request, answer of the majority kept": 148 } }, { step: "sample", in: 980, out: 980, reasons: {} }, { step: "split", in: 980, out: 760, reasons: { "left over": 220 } }],
    datasets: [{ name: `flywheel-eval-${o.workload}-1732460000`, uri: "file:///data/datasets/eval", digest: digest("ab"), num_records: o.rows },
      { name: `flywheel-train-${o.workload}-1732460000`, uri: "file:///data/datasets/train", digest: digest("4f"), num_records: 400 }],
    classes: labels.map((label, i) => ({ label, eval: 20 + 4 * i, train: 30 + 5 * i, validation: 3 + (i % 3) })),
    mix: [mix("class", labels.map((label, i) => [label, 60 + 13 * i, 20 + 4 * i, 30 + 5 * i, 3 + (i % 3)])),
      mix("turn", [["1", 700, 220, 290, 40], ["2 to 4", 300, 60, 90, 15], ["5 and more", 160, 20, 20, 5]]),
      mix("day", [["2026-11-20", 400, 0, 210, 20], ["2026-11-21", 360, 150, 190, 22], ["2026-11-22", 400, 150, 0, 18]])],
    templates: { templates: 118, eval_rows_seen: 197, eval_rows_unseen: 103, rows_left_out: 12, newest_known_share: 0.71 },
    self_agreement: { requests: 64, records: 148, share: 1, pairs_share: 1 },
    suspicious: { left_out: false, training_rows: 440, evaluation_rows: o.rows, reasons: [
      { why: "a call that the request's own tools forbid", training: 3, evaluation: 1, examples: [{ record_id: "r-0a1b2c3d", detail: "get_order: \"order_id\" is missing" }] }] },
    notes: ["every class has at least 20 rows for evaluation"],
    leak: { conversations_on_two_sides: 0, requests_on_two_sides: 0, eval_rows_said_in_training: 4, eval_rows_template_in_training: 197, eval_rows_near_training: 9, eval_rows_near_example: 0, eval_rows_answered_in_training: 2, near_duplicate_threshold: 0.8,
      method: "runs of three words", pairs: [] },
  };
}

const kModels = [
  { name: "smollm2-135m", source: "/models/SmolLM2-135M-Instruct.gguf", layers: 30, price: { input_per_million: 0.02, output_per_million: 0.04 }, rate: 1, cost: 0.011, seconds: 0.155 },
  { name: "smollm2-135m-20-layers", source: "/models/SmolLM2-135M-Instruct.gguf", layers: 20, price: { input_per_million: 0.014, output_per_million: 0.028 }, rate: 0.93, cost: 0.0077, seconds: 0.104 },
  { name: "llama-3.2-1b", source: "meta-llama/Llama-3.2-1B-Instruct", layers: null, price: { input_per_million: 0.1, output_per_million: 0.1 }, rate: 0.985, cost: 0.052, seconds: 0.48 },
];

/**
 * The report of a played run. `quality`: the share of rows that the best evaluation has right; `rows`: how many are evaluated; `classes`: how many classes;
 * `generic`: answers are texts; `keep`: how many divergent rows are kept at most; `none`: no evaluation came to its end; `models`: names instead of the usual ones.
 */
export function makeExample(options = {}) {
  const o = { seed: 7, quality: 0.983, rows: 300, classes: 7, generic: false, keep: 5000, none: false, clean: true, workload: "router", ...options };
  o.models = (options.models ?? kModels.map((m) => m.name)).map((name, i) => ({ ...kModels[i % kModels.length], name }));
  o.threshold = o.generic ? 0.8 : 0.95;
  o.specs = o.models.flatMap((m, candidate) => kVariants.map((variant, v) => ({
    candidate, variant, right: o.quality * m.rate * [0.13, 0.31, 1][v], cost: round(m.cost * [1, 2.4, 1][v], 5), seconds: round(m.seconds * [1, 1.7, 1.04][v], 3) })));
  const chance = random(o.seed);
  const rows = Array.from({ length: o.rows }, (_, i) => playRow(i, chance, o));
  const played = o.none ? [] : o.specs.map((spec) => ({ spec, rows: rows.map((r) => r.answer(spec, chance)) }));
  const list = candidates(played, o);
  if (o.none) for (const c of list) Object.assign(c, { status: "failed", error: "the engine did not come up within 120 s: llama-server exited with status 1", deployment: null });
  const ranked = ranking(list);
  const metric = (name, title, kind, answer_kind, more) => ({ name, title, meaning: `${title}, as docs/formats/report.md explains it`, kind, answer_kind, judged: false, blueprint: false, leading: false, ...more });
  return {
    version: 2, software: { name: "flywheel", version: "0.1.0" },
    job: { id: "6743d2f0a1b2c3d4e5f60718", workload_id: o.workload, client_id: "demo", status: o.none ? "failed" : "completed", workload_type: o.generic ? "generic" : "tool_calling",
      created_at: "2026-11-24T14:59:58.000000", started_at: "2026-11-24T15:00:00.000000", finished_at: "2026-11-24T15:06:52.000000", runtime_seconds: 412.5, num_records: 1160, seed: o.seed,
      error: o.none ? "no candidate was evaluated to the end" : null },
    summary: summary(list, ranked.entries, o),
    production: { name: "big-model", price: { input_per_million: 2.5, output_per_million: 10, cached_input_per_million: 0.25 }, prompt_tokens_mean: 430.1, cached_prompt_tokens_mean: 290.4, completion_tokens_mean: 36.2, cost_per_1000: 1.43,
      ceiling: { value: round(o.threshold + 0.05), low: o.generic ? 0.82 : 0.98, high: o.generic ? 0.88 : 1, n: 64, source: "repeats", note: "64 requests of the traffic were answered more than once" } },
    scoring: {
      leading: { name: "agreement", title: "agreement with production", kind: o.generic ? "graded" : "rate",
        meaning: o.generic ? "how close the answer is to production's in the judge's rating, 0 to 1" : "the same tool calls with the same arguments; where production answered in text, the judge finds both equal" },
      metrics: o.generic
        ? [metric("similarity", "similarity by the judge", "graded", "text", { judged: true, blueprint: true, leading: true }), metric("rouge_l", "ROUGE-L", "graded", "text")]
        : [metric("tool_calls_and_args_match", "exact tool calls", "rate", "tool_calls", { leading: true }), metric("function_name", "function name", "rate", "tool_calls", { blueprint: true }),
          metric("similarity", "similarity by the judge", "graded", "text", { judged: true, blueprint: true, leading: true })],
      judge: "judge-large at http://127.0.0.1:9400/v1", notes: ["the judge rated every row once at temperature 0"] },
    baselines: o.none ? [] : baselines(played[0].rows, o.generic), candidates: list, ranking: ranked, head_to_head: headToHead(played, ranked.entries),
    divergent_rows: divergentRows(played, ranked.entries, o),
    trust: { clean: o.clean, checks: [
      { name: "leaks", ok: true, text: "no conversation and no request stands on two sides" },
      { name: "truncation", ok: o.clean, text: o.clean ? "no evaluated answer was cut at the token limit" : "28 of 300 answers were cut at the token limit and count as wrong" },
      { name: "judge_coverage", ok: true, text: "the judge rated every row that it was asked for" },
      { name: "rows_asked", ok: o.clean, text: o.clean ? "every row was put to every candidate" : "11 rows were never asked: the endpoint of llama-3.2-1b stopped answering" }] },
    serve: o.none ? [] : [{ title: "llama-server", command: `llama-server -m /models/SmolLM2-135M-Instruct.gguf --lora /data/jobs/6743d2f0a1b2c3d4e5f60718/${o.models[0].name}/adapter.gguf --port 8080 --jinja` },
      { title: "through the gateway", command: `flywheel route ${o.workload} --to http://127.0.0.1:8080/v1 --share 0.05` }],
    reproduce: { commands: [`flywheel run ${o.workload} --client-id demo --seed ${o.seed}`], seed: o.seed, datasets: ["file:///data/datasets/eval sha256:abababab", "file:///data/datasets/train sha256:4f4f4f4f"] },
    dataset: dataset(o), config: { workload: o.workload, data_split_config: { eval_size: o.rows, val_ratio: 0.1 }, promising: { margin: 0.05 } },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2]) {
  await writeFile(process.argv[2], `${JSON.stringify(makeExample(), null, 1)}\n`);
}
