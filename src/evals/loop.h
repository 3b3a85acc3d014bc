#pragma once

#include <vector>

#include "async/pool.h"
#include "base/clock.h"
#include "modelops/evaluator.h"
#include "net/client.h"

namespace fw::evals {

struct LoopOptions {
  net::ClientTls tls;
  Duration first_retry_wait = std::chrono::milliseconds(500);
  std::size_t max_answer_bytes = std::size_t{8} << 20;
  /// So many rows without an answer one after the other, retries included, suspend the evaluation.
  int rows_until_down = 8;
  /// The endpoint is asked again after each of these; then the evaluation fails. About five minutes.
  std::vector<Duration> outage_pauses = {std::chrono::seconds(2),  std::chrono::seconds(5),  std::chrono::seconds(10),
                                         std::chrono::seconds(20), std::chrono::seconds(40), std::chrono::seconds(60),
                                         std::chrono::seconds(80), std::chrono::seconds(80)};
  /// So many of the pauses where it has not answered any row yet: it is broken rather than away. A bit more than a
  /// minute.
  std::size_t pauses_before_any_answer = 5;
  /// For one of these questions.
  Duration probe_timeout = std::chrono::seconds(30);
};

/// The evaluation loop: asks any OpenAI-compatible endpoint each row's question and scores the answers (scoring.h). The
/// first row goes alone, so that the server has the prefix that all rows share in its cache before the others come,
/// then a sample of rows one at a time, for latency without queueing; then up to EvaluationJob::parallelism at once.
/// The results file is written at the end, whole or not at all.
///
/// A row without an answer (after its retries), or with one that cannot be scored, says why in its failure and has no
/// scores. A row with an answer may lack a score and say why in its error.
///
/// Where the endpoint leaves rows_until_down rows in a row without an answer, it is asked again what it has answered
/// before. Where it answers that, the rows were not to its taste and stay failed. Else nothing more is sent until it
/// does; the rows of the outage are asked once more then. Where it does not come back the evaluation fails, whatever
/// was answered before: the error says how many rows were asked and answered and why the others were not, and the
/// results file has the rows as they were. So it is with the judge. An evaluation of which no row was answered fails
/// too.
///
/// May be used from any thread and for several evaluations at once. Clock and pool (files and scoring) must outlive it.
class EvaluationLoop final : public modelops::Evaluator {
 public:
  EvaluationLoop(const Clock& clock, Pool& pool, LoopOptions options = {});

  [[nodiscard]] Task<Result<modelops::EvaluationResult>> evaluate(
      modelops::EvaluationJob job, std::function<void(const modelops::EvaluationProgress&)> on_progress,
      Deadline deadline) override;

  [[nodiscard]] Task<Status> check_judge(modelops::Judge judge, Deadline deadline) override;

 private:
  const Clock& clock_;
  Pool& pool_;
  LoopOptions options_;
};

}  // namespace fw::evals
