#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/pool.h"
#include "base/clock.h"
#include "base/random.h"
#include "evals/chat.h"
#include "evals/impl/breaker.h"
#include "evals/loop.h"
#include "evals/row.h"
#include "modelops/evaluator.h"
#include "net/client.h"

namespace fw::evals {

/// An endpoint with what watches over it: rows are asked through `chat`, after an outage `probe` asks once at a time.
struct WatchedEndpoint {
  std::string name;  ///< `the endpoint at http://...`, `the judge x at http://...`
  std::unique_ptr<Chat> chat;
  std::unique_ptr<Chat> probe;
  Breaker breaker;
  std::string known_good;  ///< a request that was answered; until there is one, the first that was sent
};

/// One evaluation, run once. Lives on a strand; every ask of a row writes its own result. Clock, pool and options
/// outlive it.
class Evaluation final {
 public:
  using ProgressCallback = std::function<void(const modelops::EvaluationProgress&)>;

  Evaluation(modelops::EvaluationJob job, ProgressCallback on_progress, Deadline deadline, const Clock& clock,
             Pool& pool, const LoopOptions& options, Executor executor);
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

  [[nodiscard]] Task<Result<modelops::EvaluationResult>> run();

 private:
  /// What is known of a row beside its result.
  struct RowState {
    bool is_done = false;
    bool looked_down = false;   ///< it was left without an answer for a reason that is the endpoint's (is_outage)
    bool was_put_back = false;  ///< it was in the streak of an outage; once, so that the work ends
    bool was_judged = false;    ///< the judge has been asked
    bool judge_looked_down = false;
    bool judge_put_back = false;   ///< the same for the judge's streak
    std::string error_of_metrics;  ///< the result's error before the judge
  };

  Status connect();
  /// What was learnt of target and judge.
  [[nodiscard]] std::vector<std::string> notes() const;
  [[nodiscard]] Result<WatchedEndpoint> watch(const modelops::Endpoint& endpoint, const std::string& what,
                                              std::string_view purpose);
  Status read();
  [[nodiscard]] std::vector<std::size_t> rows_alone() const;

  Task<Status> ask_rows(std::vector<std::size_t> rows, std::size_t parallelism);
  Task<Status> outlast_outages(std::vector<std::size_t>& left);
  Task<Result<bool>> was_away(WatchedEndpoint& endpoint);
  void put_back(std::size_t i);
  void put_back_for_judge(std::size_t i);

  Task<void> run_row(std::size_t i);
  Task<void> ask(std::size_t i);
  Task<void> answer_trivially(std::size_t i);
  Task<void> judge(std::size_t i);
  Task<Status> finish(Status ended);

  [[nodiscard]] const EvaluationRow& row_of(std::size_t i) const { return rows_[row_of_[i]]; }
  /// Every ask of a row has its own, or a server that keeps answers would give the first one again.
  [[nodiscard]] std::uint64_t seed_of(std::size_t i) const { return job_.seed + results_[i].ask; }
  [[nodiscard]] std::string request_of(std::size_t i) const;
  [[nodiscard]] Error unfinished() const;
  [[nodiscard]] Error given_up(const std::string& what) const;
  /// The judge has answered many rows, and rated none.
  [[nodiscard]] bool is_judge_mute() const;
  [[nodiscard]] Error mute_judge() const;
  void report_progress();

  modelops::EvaluationJob job_;
  ProgressCallback on_progress_;
  Deadline deadline_;
  const Clock& clock_;
  Pool& pool_;
  const LoopOptions& options_;
  net::Client client_;
  std::optional<WatchedEndpoint> target_, judge_;  ///< no target where answers are trivial
  std::vector<EvaluationRow> rows_;
  std::vector<std::size_t> row_of_;  ///< of each result; first every row's first ask, then the second ones, ...
  std::vector<modelops::RowResult> results_;
  std::vector<RowState> states_;
  std::vector<std::size_t> alone_;  ///< results of the rows that are asked one at a time, in order
  std::string trivial_answer_;      ///< a chat completion; only where nothing is asked of the target
  std::vector<std::size_t> left_;   ///< rows that an open breaker kept from being asked
  bool is_alone_ = true;            ///< rows go one at a time
  std::size_t rated_ = 0;           ///< rows that the judge rated
  std::size_t unrated_ = 0;         ///< rows that it answered without a rating
  std::size_t done_ = 0;
  std::size_t failed_ = 0;
};

/// The client of an evaluation that sends so many requests at once.
[[nodiscard]] net::ClientOptions client_options(const LoopOptions& options, int parallelism);

}  // namespace fw::evals
