#pragma once

#include "async/pool.h"
#include "base/clock.h"
#include "modelops/evaluator.h"
#include "net/client.h"

namespace fw::evals {

struct LoopOptions {
  net::ClientTls tls;
  Duration first_retry_wait = std::chrono::milliseconds(500);
  std::size_t max_answer_bytes = std::size_t{8} << 20;
  /// Before the second and third try of check_judge.
  Duration judge_waits[2] = {std::chrono::seconds(10), std::chrono::seconds(20)};
  /// So many rows that fail one after the other because the endpoint is down, retries included, and the others are not
  /// asked.
  int rows_until_down = 8;
};

/// The evaluation loop: asks any OpenAI-compatible endpoint each row's question and scores the answers (scoring.h). The
/// first row goes alone, so that the server has the beginning that all rows share in its cache before the others come;
/// then up to EvaluationJob::parallelism at once. The results file is written when the last row is done, whole or not
/// at all.
///
/// A row without an answer (after its retries) has an error and no scores. A row with an answer may lack a score and
/// say why. Where every row is without an answer the evaluation fails, with the first row's reason; its results file is
/// kept.
///
/// May be used from any thread and for several evaluations at once. Clock and pool (files and scoring) must outlive it.
class EvaluationLoop final : public modelops::Evaluator {
 public:
  EvaluationLoop(const Clock& clock, Pool& pool, LoopOptions options = {});

  [[nodiscard]] Task<Result<modelops::EvaluationResult>> evaluate(
      modelops::EvaluationJob job, std::function<void(const modelops::EvaluationProgress&)> on_progress,
      Deadline deadline) override;

  /// Asks the judge for a word, up to three times. Success when it answers in the right form; otherwise the last
  /// reason.
  [[nodiscard]] Task<Status> check_judge(modelops::Judge judge, Deadline deadline);

 private:
  const Clock& clock_;
  Pool& pool_;
  LoopOptions options_;
};

}  // namespace fw::evals
