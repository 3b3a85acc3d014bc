#include "evals/loop.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <utility>

#include "async/task_group.h"
#include "base/log.h"
#include "evals/chat.h"
#include "evals/row.h"
#include "evals/row_result.h"
#include "evals/scoring.h"

namespace fw::evals {
namespace {

using modelops::EvaluationJob;
using modelops::EvaluationProgress;
using modelops::EvaluationResult;
using modelops::RowResult;
using ProgressCallback = std::function<void(const EvaluationProgress&)>;

net::ClientOptions client_options(const LoopOptions& options, int parallelism) {
  return {.tls = options.tls,
          .max_body_bytes = options.max_answer_bytes,
          .max_idle_per_origin = static_cast<std::size_t>(std::max(parallelism, 1))};
}

/// One evaluation. Lives on a strand; every row writes its own result.
class Evaluation final {
 public:
  Evaluation(EvaluationJob job, ProgressCallback on_progress, Deadline deadline, const Clock& clock, Pool& pool,
             const LoopOptions& options, Executor executor)
      : job_(std::move(job)),
        on_progress_(std::move(on_progress)),
        deadline_(std::move(deadline)),
        clock_(clock),
        pool_(pool),
        options_(options),
        client_(std::move(executor), client_options(options, job_.parallelism)) {}
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

  Task<Result<EvaluationResult>> run() {
    const Instant begin = clock_.instant();
    FW_CO_TRY(deadline_.check("evaluation"));
    FW_CO_TRY(connect());
    FW_CO_ASSIGN(rows_, co_await run_on(pool_, [path = job_.rows] { return read_rows(path); }));
    results_.resize(rows_.size());
    report_progress();
    if (job_.before_first) co_await job_.before_first(request_of(rows_[0]));
    co_await run_row(0);
    co_await for_each_bounded(rows_.size() - 1, static_cast<std::size_t>(std::max(job_.parallelism, 1)), deadline_,
                              [this](std::size_t i) { return run_row(i + 1); });
    if (done_ < rows_.size()) co_return unfinished();
    FW_CO_TRY(co_await run_on(pool_, [this] { return write_row_results(job_.results, results_); }));
    if (failed_ == rows_.size())
      co_return unavailable("none of " + std::to_string(rows_.size()) +
                            " rows was answered; the first: " + results_[0].failure);
    co_return EvaluationResult{.rows = std::move(results_), .wall_seconds = to_seconds(clock_.instant() - begin)};
  }

 private:
  [[nodiscard]] net::RetryPolicy policy() const {
    return {.max_attempts = std::max(job_.max_retries, 0) + 1,
            .first_wait = options_.first_retry_wait,
            .attempt_timeout = job_.request_timeout};
  }

  Status connect() {
    FW_ASSIGN(target_,
              Chat::make(job_.target, client_, policy(), clock_, Random::for_purpose(job_.seed, "evals.target")));
    if (!job_.judge) return {};
    FW_ASSIGN(judge_, Chat::make(job_.judge->endpoint, client_, policy(), clock_,
                                 Random::for_purpose(job_.seed, "evals.judge")));
    return {};
  }

  [[nodiscard]] Error unfinished() const {
    const auto over = deadline_.check("evaluation");
    return over.ok() ? internal("an evaluation ended before its last row") : over.error();
  }

  [[nodiscard]] std::string request_of(const EvaluationRow& row) const {
    return chat_request(row, {job_.target.model, job_.max_tokens, job_.seed});
  }

  void report_progress() {
    if (on_progress_) on_progress_({.rows_done = done_, .rows_total = rows_.size(), .rows_failed = failed_});
  }

  Task<void> run_row(std::size_t i) {
    if (deadline_.is_over()) co_return;
    const EvaluationRow& row = rows_[i];
    RowResult& result = results_[i];
    result = {.record_id = row.record_id, .traits = row.traits, .reference = row.reference};
    result.request = request_of(row);
    if (rows_down_ >= options_.rows_until_down) {
      result.failure = "not asked: " + down_reason_;
    } else {
      const ChatReply reply = co_await target_->ask(result.request, deadline_);
      if (!reply.answer.ok() && deadline_.is_over()) co_return;
      note_health(reply);
      result.attempts = reply.attempts;
      if (reply.answer.ok()) {
        take_answer(reply, result);
        co_await score(row, *reply.answer, result);
        if (deadline_.is_over()) co_return;
      } else {
        result.failure = reply.answer.error().message;
      }
    }
    ++done_;
    if (!result.is_answered()) ++failed_;
    report_progress();
  }

  void note_health(const ChatReply& reply) {
    rows_down_ = reply.is_endpoint_down ? rows_down_ + 1 : 0;
    if (reply.is_endpoint_down) down_reason_ = reply.answer.error().message;
    if (rows_down_ == options_.rows_until_down)
      log_warning("evals", "endpoint given up", {{"url", target_->url()}, {"rows_failed", rows_down_}});
  }

  static void take_answer(const ChatReply& reply, RowResult& result) {
    result.response = reply.answer->response;
    result.prompt_tokens = reply.answer->prompt_tokens;
    result.completion_tokens = reply.answer->completion_tokens;
    result.latency_seconds = reply.latency_seconds;
  }

  Task<void> score(const EvaluationRow& row, const Answer& answer, RowResult& result) {
    co_await run_on(pool_, [&] { score_answer(row, answer, job_.judge.has_value(), result); });
    if (!judge_ || !needs_judge(result)) co_return;
    const JudgeTask task = judge_task(row.traits.kind);
    const ChatReply reply = co_await judge_->ask(
        judge_request(task, row, message_json(answer.response), job_.judge->endpoint.model, job_.seed), deadline_);
    score_judgement(reply.answer, task, result);
  }

  EvaluationJob job_;
  ProgressCallback on_progress_;
  Deadline deadline_;
  const Clock& clock_;
  Pool& pool_;
  const LoopOptions& options_;
  net::Client client_;
  std::unique_ptr<Chat> target_;
  std::unique_ptr<Chat> judge_;
  std::vector<EvaluationRow> rows_;
  std::vector<RowResult> results_;
  std::size_t done_ = 0;
  std::size_t failed_ = 0;
  int rows_down_ = 0;  ///< in a row
  std::string down_reason_;
};

Task<void> run_into(Evaluation& evaluation, std::optional<Result<EvaluationResult>>& result) {
  result.emplace(co_await evaluation.run());
}

}  // namespace

EvaluationLoop::EvaluationLoop(const Clock& clock, Pool& pool, LoopOptions options)
    : clock_(clock), pool_(pool), options_(std::move(options)) {}

Task<Result<EvaluationResult>> EvaluationLoop::evaluate(EvaluationJob job, ProgressCallback on_progress,
                                                        Deadline deadline) {
  const auto strand = boost::asio::make_strand(co_await boost::asio::this_coro::executor);
  Evaluation evaluation(std::move(job), std::move(on_progress), std::move(deadline), clock_, pool_, options_, strand);
  std::optional<Result<EvaluationResult>> result;
  co_await boost::asio::co_spawn(strand, run_into(evaluation, result), boost::asio::use_awaitable);
  co_return std::move(*result);
}

Task<Status> EvaluationLoop::check_judge(modelops::Judge judge, Deadline deadline) {
  net::Client client(co_await boost::asio::this_coro::executor, client_options(options_, 1));
  const net::RetryPolicy once{.max_attempts = 1, .attempt_timeout = std::chrono::seconds(60)};
  FW_CO_ASSIGN(const auto chat, Chat::make(judge.endpoint, client, once, clock_, Random(0)));
  for (int tries = 0;; ++tries) {
    const ChatReply reply = co_await chat->ask(judge_probe(judge.endpoint.model), deadline);
    if (reply.answer.ok()) co_return Status{};
    FW_CO_TRY(deadline.check("check of the judge"));
    if (tries == 2)
      co_return reply.answer.error().within("the judge " + judge.endpoint.model + " at " + judge.endpoint.url +
                                            " does not answer");
    FW_CO_TRY(co_await sleep_for(options_.judge_waits[tries], deadline));
  }
}

}  // namespace fw::evals
