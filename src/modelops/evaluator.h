#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "modelops/model.h"
#include "modelops/workload_type.h"

namespace fw::modelops {

enum class EvalType { kBase, kIcl, kCustomized };

/// `base-eval`, `icl-eval`, `customized-eval`: the blueprint's names.
[[nodiscard]] std::string_view to_string(EvalType type);

/// A model that rates answers.
struct Judge {
  Endpoint endpoint;
};

struct EvaluationJob {
  EvalType type = EvalType::kBase;
  WorkloadType workload = WorkloadType::kGeneric;
  Endpoint target;
  std::filesystem::path rows;     ///< eval_data.jsonl (docs/formats: evaluation rows)
  std::filesystem::path results;  ///< where the per-row results go: one JSON object a line, same order as the rows
  std::optional<Judge> judge;
  int parallelism = 8;
  Duration request_timeout = std::chrono::seconds(120);
  int max_retries = 3;
  int max_tokens = 512;  ///< for rows whose request names none
  std::uint64_t seed = 0;
  /// Awaited with the first row's request before it is sent: its target may prepare for many that begin like it.
  std::function<Task<void>(std::string request)> before_first;
};

/// Per-row outcome; the same as a line of the results file.
struct RowResult {
  std::string record_id;
  std::string label;                     ///< the row's class: first tool of the reference answer, `no_tool`, or empty
  bool novel_wording = false;            ///< no training row says it in these words
  std::string request;                   ///< JSON that was sent
  std::string response;                  ///< JSON that came back; empty on failure
  std::string reference;                 ///< JSON of the production model's message
  std::map<std::string, double> scores;  ///< NaN never; a score that cannot be had is absent and `error` says why
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
  double latency_seconds = 0;  ///< of the attempt that succeeded
  int attempts = 0;
  std::string error;  ///< why this row has no (or not all) scores
};

struct EvaluationResult {
  std::vector<RowResult> rows;
  double wall_seconds = 0;
};

struct EvaluationProgress {
  std::uint64_t rows_done = 0;
  std::uint64_t rows_total = 0;
  std::uint64_t rows_failed = 0;
};

class Evaluator {
 public:
  virtual ~Evaluator() = default;

  /// Asks the target each row's question and scores the answers. A failing row is a failed row; an evaluation fails
  /// only when its rows cannot be read, its results cannot be written, every row failed, or the deadline ended.
  [[nodiscard]] virtual Task<Result<EvaluationResult>> evaluate(
      EvaluationJob job, std::function<void(const EvaluationProgress&)> on_progress, Deadline deadline) = 0;
};

}  // namespace fw::modelops
