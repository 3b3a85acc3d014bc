#include "evals/impl/evaluation.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <span>
#include <utility>

#include "async/task_group.h"
#include "base/log.h"
#include "evals/baselines.h"
#include "evals/judge/judge_prompt.h"
#include "evals/row_result.h"
#include "evals/scoring.h"

namespace fw::evals {
namespace {

using modelops::EvaluationResult;
using modelops::RowResult;

/// Reasons that an error message lists.
constexpr std::size_t kMaxReasons = 5;
/// Answers without a rating after which a judge that never gave one is asked no more.
constexpr std::size_t kUnratedUntilMute = 20;

/// No answer for a reason that is the endpoint's; what may be this row's own is not meant (400, 413, unreadable).
bool is_outage(const ChatReply& reply) {
  if (reply.answer.ok()) return false;
  const ErrorCode code = reply.answer.error().code;
  return reply.is_endpoint_down || code == ErrorCode::kUnauthorized || code == ErrorCode::kNotFound;
}

/// `count` of the indices, drawn by the generator, in ascending order.
std::vector<std::size_t> sample(std::vector<std::size_t> indices, std::size_t count, Random random) {
  random.shuffle(indices);
  indices.resize(std::min(count, indices.size()));
  std::sort(indices.begin(), indices.end());
  return indices;
}

std::vector<std::size_t> indices_from(std::size_t first, std::size_t end) {
  std::vector<std::size_t> indices(end - first);
  std::iota(indices.begin(), indices.end(), first);
  return indices;
}

/// `8 "connection refused", 1 "cut at the token limit"`: the most frequent first.
std::string list_of(const std::map<std::string, std::size_t>& reasons) {
  std::vector<std::pair<std::string, std::size_t>> sorted(reasons.begin(), reasons.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (std::size_t i = 0; i < std::min(sorted.size(), kMaxReasons); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(sorted[i].second) + " \"" + sorted[i].first + "\"";
  return sorted.size() > kMaxReasons ? text + " and others" : text;
}

}  // namespace

net::ClientOptions client_options(const LoopOptions& options, int parallelism) {
  return {.tls = options.tls,
          .max_body_bytes = options.max_answer_bytes,
          .max_idle_per_origin = static_cast<std::size_t>(std::max(parallelism, 1))};
}

Evaluation::Evaluation(modelops::EvaluationJob job, ProgressCallback on_progress, Deadline deadline, const Clock& clock,
                       Pool& pool, const LoopOptions& options, Executor executor)
    : job_(std::move(job)),
      on_progress_(std::move(on_progress)),
      deadline_(std::move(deadline)),
      clock_(clock),
      pool_(pool),
      options_(options),
      client_(std::move(executor), client_options(options, job_.parallelism)) {}

Task<Result<EvaluationResult>> Evaluation::run() {
  const Instant begin = clock_.instant();
  FW_CO_TRY(deadline_.check("evaluation"));
  FW_CO_TRY(connect());
  FW_CO_TRY(co_await run_on(pool_, [this] { return read(); }));
  report_progress();
  if (job_.before_first) co_await job_.before_first(results_[0].request);
  Status ended = co_await ask_rows(alone_, 1);
  is_alone_ = false;
  std::vector<std::size_t> others;
  const auto all = indices_from(0, results_.size());
  std::set_difference(all.begin(), all.end(), alone_.begin(), alone_.end(), std::back_inserter(others));
  if (ended.ok()) ended = co_await ask_rows(std::move(others), static_cast<std::size_t>(std::max(job_.parallelism, 1)));
  FW_CO_TRY(co_await finish(std::move(ended)));
  co_return EvaluationResult{
      .rows = std::move(results_), .wall_seconds = to_seconds(clock_.instant() - begin), .endpoint_notes = notes()};
}

std::vector<std::string> Evaluation::notes() const {
  std::vector<std::string> notes;
  if (target_) notes = target_->chat->notes();
  if (judge_) std::ranges::copy(judge_->chat->notes(), std::back_inserter(notes));
  return notes;
}

Result<WatchedEndpoint> Evaluation::watch(const modelops::Endpoint& endpoint, const std::string& what,
                                          std::string_view purpose) {
  const net::RetryPolicy policy{.max_attempts = std::max(job_.max_retries, 0) + 1,
                                .first_wait = options_.first_retry_wait,
                                .attempt_timeout = job_.request_timeout};
  const net::RetryPolicy once{.max_attempts = 1,
                              .attempt_timeout = std::min(job_.request_timeout, options_.probe_timeout)};
  const Random random = Random::for_purpose(job_.seed, purpose);
  FW_ASSIGN(auto chat, Chat::make(endpoint, client_, policy, clock_, random));
  FW_ASSIGN(auto probe, Chat::make(endpoint, client_, once, clock_, random));
  std::string name = what + " at " + chat->url();
  return WatchedEndpoint{.name = std::move(name),
                         .chat = std::move(chat),
                         .probe = std::move(probe),
                         .breaker = Breaker(options_.rows_until_down)};
}

Status Evaluation::connect() {
  if (!job_.is_trivial) {
    FW_ASSIGN(target_, watch(job_.target, "the endpoint", "evals.target"));
  }
  if (!job_.judge) return {};
  const auto& judge = job_.judge->endpoint;
  FW_ASSIGN(judge_, watch(judge, "the judge \"" + judge.model + "\"", "evals.judge"));
  return {};
}

Status Evaluation::read() {
  FW_ASSIGN(rows_, read_rows(job_.rows));
  if (job_.max_rows) {
    const auto count = static_cast<std::size_t>(std::max<std::uint64_t>(*job_.max_rows, 1));
    rows_ = drawn_rows(std::move(rows_), count, Random::for_purpose(job_.seed, "evals.max_rows"));
  }
  alone_ = rows_alone();
  const std::vector<std::uint32_t> asks = asks_of(rows_);
  for (std::uint32_t ask = 0; ask < std::ranges::max(asks); ++ask) {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (ask >= asks[i]) continue;
      row_of_.push_back(i);
      results_.push_back({.record_id = rows_[i].record_id,
                          .traits = rows_[i].traits,
                          .ask = ask,
                          .asks = asks[i],
                          .reference = rows_[i].reference});
      results_.back().request = request_of(results_.size() - 1);
    }
  }
  states_.resize(results_.size());
  if (job_.is_trivial) trivial_answer_ = trivial_text(results_);
  return {};
}

/// The first row, whose request warms the server for those that begin like it, and others of all parts of the file;
/// first asks alone.
std::vector<std::size_t> Evaluation::rows_alone() const {
  const auto others = static_cast<std::size_t>(std::max(job_.rows_alone, 1) - 1);
  std::vector<std::size_t> alone =
      sample(indices_from(1, rows_.size()), others, Random::for_purpose(job_.seed, "evals.rows_alone"));
  alone.insert(alone.begin(), 0);
  return alone;
}

std::string Evaluation::request_of(std::size_t i) const {
  return chat_request(row_of(i),
                      {.model = job_.target.model,
                       .max_tokens = job_.max_tokens,
                       .seed = seed_of(i),
                       .log_probabilities = job_.log_probabilities && !std::ranges::binary_search(alone_, i)});
}

void Evaluation::report_progress() {
  if (on_progress_) on_progress_({.rows_done = done_, .rows_total = results_.size(), .rows_failed = failed_});
}

/// Asks the rows, through outages. Fails when an endpoint does not come back or the deadline ends.
Task<Status> Evaluation::ask_rows(std::vector<std::size_t> rows, std::size_t parallelism) {
  while (!rows.empty()) {
    left_.clear();
    co_await for_each_bounded(rows.size(), parallelism, deadline_,
                              [this, &rows](std::size_t i) { return run_row(rows[i]); });
    FW_CO_TRY(deadline_.check("evaluation"));
    if (is_judge_mute()) co_return mute_judge();
    rows = std::move(left_);
    FW_CO_TRY(co_await outlast_outages(rows));
    std::sort(rows.begin(), rows.end());
  }
  co_return Status{};
}

/// Waits for endpoints whose breaker is open, and puts the rows of the outage back to those that are left.
Task<Status> Evaluation::outlast_outages(std::vector<std::size_t>& left) {
  if (target_ && target_->breaker.is_open()) {
    FW_CO_ASSIGN(const bool away, co_await was_away(*target_));
    for (const std::size_t i : target_->breaker.close()) {
      if (!away && !states_[i].looked_down) continue;
      if (std::exchange(states_[i].was_put_back, true)) continue;
      put_back(i);
      left.push_back(i);
    }
  }
  if (judge_ && judge_->breaker.is_open()) {
    FW_CO_ASSIGN(const bool away, co_await was_away(*judge_));
    for (const std::size_t i : judge_->breaker.close()) {
      if (!away && !states_[i].judge_looked_down) continue;
      if (std::exchange(states_[i].judge_put_back, true)) continue;
      put_back_for_judge(i);
      left.push_back(i);
    }
  }
  co_return Status{};
}

void Evaluation::put_back(std::size_t i) {
  RowResult& result = results_[i];
  result = {.record_id = result.record_id,
            .traits = std::move(result.traits),
            .ask = result.ask,
            .asks = result.asks,
            .request = std::move(result.request),
            .reference = std::move(result.reference)};
  states_[i].is_done = false;
  --done_;
  --failed_;
}

void Evaluation::put_back_for_judge(std::size_t i) {
  results_[i].error = states_[i].error_of_metrics;
  states_[i].was_judged = false;
  states_[i].is_done = false;
  --done_;
}

/// What the endpoint answered once it is asked again: where it answers at once, the failures were their rows' own
/// (false). Else it is asked after each of the pauses until it answers (true). An endpoint that never answered is back
/// as soon as it says anything, be it that this request is refused.
Task<Result<bool>> Evaluation::was_away(WatchedEndpoint& endpoint) {
  const Error first = endpoint.breaker.reason();
  const bool has_answered = endpoint.breaker.has_answered();
  if (has_answered) {
    const ChatReply reply = co_await endpoint.probe->ask(endpoint.known_good, deadline_);
    FW_CO_TRY(deadline_.check("evaluation"));
    if (reply.answer.ok()) co_return false;
  }
  log_warning("evals", "evaluation suspended", {{"endpoint", endpoint.name}, {"error", first.message}});
  // A wrong key or address that never worked does not mend itself.
  if (!has_answered && !is_retryable(first.code)) co_return given_up(endpoint.name);
  std::span<const Duration> pauses = options_.outage_pauses;
  if (!has_answered) pauses = pauses.first(std::min(pauses.size(), options_.pauses_before_any_answer));
  for (const Duration pause : pauses) {
    FW_CO_TRY(co_await sleep_for(pause, deadline_));
    const ChatReply reply = co_await endpoint.probe->ask(endpoint.known_good, deadline_);
    FW_CO_TRY(deadline_.check("evaluation"));
    if (has_answered ? !reply.answer.ok() : is_outage(reply)) continue;
    log_warning("evals", "evaluation goes on", {{"endpoint", endpoint.name}});
    co_return true;
  }
  co_return given_up(endpoint.name);
}

Task<void> Evaluation::run_row(std::size_t i) {
  if (deadline_.is_over() || is_judge_mute()) co_return;
  if ((target_ && target_->breaker.is_open()) || (judge_ && judge_->breaker.is_open())) {
    left_.push_back(i);
    co_return;
  }
  if (results_[i].attempts == 0) co_await (target_ ? ask(i) : answer_trivially(i));
  if (deadline_.is_over()) co_return;
  if (judge_ && !states_[i].was_judged && needs_judge(results_[i])) {
    // An answer in hand waits for a judge that is away.
    if (judge_->breaker.is_open()) {
      left_.push_back(i);
      co_return;
    }
    co_await judge(i);
    if (deadline_.is_over()) co_return;
  }
  states_[i].is_done = true;
  ++done_;
  if (!results_[i].is_answered()) ++failed_;
  report_progress();
}

Task<void> Evaluation::ask(std::size_t i) {
  RowResult& result = results_[i];
  if (target_->known_good.empty()) target_->known_good = result.request;
  const ChatReply reply = co_await target_->chat->ask(result.request, deadline_);
  if (!reply.answer.ok() && deadline_.is_over()) co_return;
  result.attempts = reply.attempts;
  result.was_alone = is_alone_;
  if (!reply.answer.ok()) {
    result.failure = reply.answer.error().message;
    result.latency_seconds = reply.latency_seconds;
    states_[i].looked_down = is_outage(reply);
    // Once it has answered, any failure may be an outage: servers die with pages for people, and with 400.
    if (states_[i].looked_down || target_->breaker.has_answered())
      target_->breaker.note_failure(i, reply.answer.error());
    co_return;
  }
  if (!target_->breaker.has_answered()) target_->known_good = result.request;
  target_->breaker.note_answer();
  const Answer& answer = *reply.answer;
  result.response = answer.response;
  result.prompt_tokens = answer.prompt_tokens;
  result.cached_prompt_tokens = answer.cached_prompt_tokens;
  result.completion_tokens = answer.completion_tokens;
  result.confidence = answer.confidence;
  result.latency_seconds = reply.latency_seconds;
  co_await run_on(pool_, [&] { score_answer(row_of(i), answer, job_.judge.has_value(), result); });
  states_[i].error_of_metrics = result.error;
}

Task<void> Evaluation::answer_trivially(std::size_t i) {
  RowResult& result = results_[i];
  result.attempts = 1;
  const auto answer = parse_answer(trivial_answer_);
  if (!answer.ok()) {
    result.failure = answer.error().message;
    co_return;
  }
  result.response = answer->response;
  co_await run_on(pool_, [&] { score_answer(row_of(i), *answer, job_.judge.has_value(), result); });
  states_[i].error_of_metrics = result.error;
}

Task<void> Evaluation::judge(std::size_t i) {
  RowResult& result = results_[i];
  const Metric* metric = judged_metric(result.traits.kind);
  if (!metric) co_return;
  // Out of what was kept: the answer may be from before an outage.
  const auto answer = parse_answer(result.response);
  if (!answer.ok()) co_return;
  const std::string request =
      judge_request(*metric, row_of(i), answer->message, job_.judge->endpoint.model, seed_of(i));
  if (judge_->known_good.empty()) judge_->known_good = request;
  const ChatReply reply = co_await judge_->chat->ask(request, deadline_);
  if (!reply.answer.ok() && deadline_.is_over()) co_return;
  states_[i].was_judged = true;
  states_[i].judge_looked_down = is_outage(reply);
  if (!reply.answer.ok() && (states_[i].judge_looked_down || judge_->breaker.has_answered()))
    judge_->breaker.note_failure(i, reply.answer.error());
  if (reply.answer.ok() && !judge_->breaker.has_answered()) judge_->known_good = request;
  if (reply.answer.ok()) judge_->breaker.note_answer();
  score_judgement(reply.answer, result);
  if (reply.answer.ok()) ++(needs_judge(result) ? unrated_ : rated_);
}

/// Writes what is known of the rows, unless the deadline ended it, and says how it went.
Task<Status> Evaluation::finish(Status ended) {
  if (deadline_.is_over()) co_return unfinished();
  if (ended.ok() && is_judge_mute()) ended = mute_judge();
  if (ended.ok() && done_ < results_.size()) co_return unfinished();
  std::string outage;
  if (target_) outage = target_->breaker.reason().message;
  if (judge_ && !(target_ && target_->breaker.is_open())) outage = judge_->breaker.reason().message;
  if (is_judge_mute()) outage = ended.error().message;
  for (std::size_t i = 0; i < results_.size(); ++i) {
    if (results_[i].attempts == 0) {
      results_[i].failure = "not asked: " + outage;
    } else if (judge_ && !states_[i].was_judged && needs_judge(results_[i])) {
      results_[i].error += (results_[i].error.empty() ? "" : "; ") + ("judge: not asked: " + outage);
    }
  }
  FW_CO_TRY(co_await run_on(pool_, [this] { return write_row_results(job_.results, results_); }));
  if (!ended.ok()) co_return ended;
  const bool is_none_answered =
      std::all_of(results_.begin(), results_.end(), [](const RowResult& row) { return row.response.empty(); });
  co_return is_none_answered&& target_ ? Status(given_up(target_->name)) : Status{};
}

Error Evaluation::unfinished() const {
  const auto over = deadline_.check("evaluation");
  return over.ok() ? internal("an evaluation ended before its last row") : over.error();
}

bool Evaluation::is_judge_mute() const { return rated_ == 0 && unrated_ >= kUnratedUntilMute; }

Error Evaluation::mute_judge() const {
  std::map<std::string, std::size_t> reasons;
  for (std::size_t i = 0; i < results_.size(); ++i)
    if (states_[i].was_judged && needs_judge(results_[i])) ++reasons[results_[i].error];
  return data_loss(judge_->name + " rated none of the " + std::to_string(unrated_) +
                   " answers that it was asked about: " + list_of(reasons) +
                   "; take another judge, or let its answers be longer (llm_judge_config)");
}

Error Evaluation::given_up(const std::string& what) const {
  std::size_t asked = 0, answered = 0, unrated = 0;
  std::map<std::string, std::size_t> failures;
  for (std::size_t i = 0; i < results_.size(); ++i) {
    const RowResult& row = results_[i];
    if (row.attempts == 0) continue;
    ++asked;
    answered += row.response.empty() ? 0 : 1;
    if (!row.failure.empty()) ++failures[row.failure];
    if (row.is_answered() && states_[i].was_judged && needs_judge(row)) ++unrated;
    if (row.is_answered() && !row.error.empty()) ++failures[row.error];
  }
  std::string message = what + " does not answer: " + std::to_string(asked) + " of " + std::to_string(results_.size()) +
                        " rows were asked, " + std::to_string(answered) + " were answered";
  if (unrated > 0) message += ", " + std::to_string(unrated) + " of them not rated";
  return unavailable(message + "; failures: " + list_of(failures));
}

}  // namespace fw::evals
