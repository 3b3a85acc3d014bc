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
#include "modelops/row_traits.h"
#include "modelops/variant.h"
#include "modelops/workload_type.h"

namespace fw::modelops {

/// A model that rates answers.
struct Judge {
  Endpoint endpoint;
};

struct EvaluationJob {
  VariantId variant;  ///< what of the candidate is evaluated
  Endpoint target;
  std::filesystem::path rows;     ///< eval_data.jsonl (docs/formats: evaluation rows)
  std::filesystem::path results;  ///< where the per-row results go: one JSON object a line, in the order of `rows`
  std::optional<Judge> judge;
  int parallelism = 8;
  Duration request_timeout = std::chrono::seconds(120);
  int max_retries = 3;
  int max_tokens = 512;  ///< for rows whose request names none
  std::uint64_t seed = 0;
  /// So many rows are asked one at a time before the others: their latency is the model's own, without queueing.
  int rows_alone = 10;
  /// At most so many rows, drawn by the seed, in the file's order; absent: all. The most frequent requests are among
  /// them in any case, up to half, and the others weigh as much more as fewer of them are asked.
  std::optional<std::uint64_t> max_rows;
  /// Nothing is sent to the target: the answer to every row is the text that production gave most often, for the judge
  /// to rate as it rates a candidate's.
  bool is_trivial = false;
  /// Asks for the log-probabilities of the answers' tokens, but of rows that are asked alone: they take an engine time.
  bool log_probabilities = false;
  /// Awaited with the first row's request before it is sent: its target may prepare for many that begin like it.
  std::function<Task<void>(std::string request)> before_first;
};

/// Per-row outcome; the same as a line of the results file (docs/formats/row_results.md). A frequent request has one
/// for each time that it was asked.
struct RowResult {
  std::string record_id;
  RowTraits traits;
  std::uint32_t ask = 0;                 ///< which of the row's asks it is, from 0
  std::uint32_t asks = 1;                ///< so many results the row has
  std::string request;                   ///< JSON that was sent
  std::string response;                  ///< JSON that came back; empty when nothing readable came
  std::string reference;                 ///< JSON of the production model's message
  std::map<std::string, double> scores;  ///< by metric; NaN never; of a failed row empty
  std::vector<std::string> mistakes;     ///< kinds, of the answer's tool calls (evals/tool_calls/comparison.h)
  std::uint64_t prompt_tokens = 0;
  std::uint64_t cached_prompt_tokens = 0;  ///< of prompt_tokens, those the endpoint says it had computed before
  std::uint64_t completion_tokens = 0;
  double latency_seconds = 0;        ///< of the attempt that succeeded
  std::optional<double> confidence;  ///< of the model in its answer, by its tokens' log-probabilities (evals/answer.h)
  bool was_alone = false;            ///< no other request of this evaluation was under way
  int attempts = 0;
  std::string failure;  ///< why there is no answer to score (no reply, cut at the token limit); empty: answered
  std::string error;    ///< why an answered row lacks a score (the judge's rating could not be had); empty: none is

  /// This result's part of what the row stands for.
  [[nodiscard]] double weight() const { return traits.weight / asks; }
  /// Counts in every score; a failed row counts 0.
  [[nodiscard]] bool is_answered() const { return failure.empty(); }
};

struct EvaluationResult {
  std::vector<RowResult> rows;
  double wall_seconds = 0;
  /// Whole sentences for the report: what the endpoints of target and judge do not take, and what was sent instead.
  std::vector<std::string> endpoint_notes;
};

struct EvaluationProgress {
  std::uint64_t rows_done = 0;
  std::uint64_t rows_total = 0;
  std::uint64_t rows_failed = 0;
};

class Evaluator {
 public:
  virtual ~Evaluator() = default;

  /// Asks the target each row's question, that of a frequent request as often as its share of the traffic is worth
  /// rows, and scores the answers. The results are in the rows' order; the second and further asks come after all rows.
  /// A failing row is a failed row; an evaluation fails when its rows cannot be read, its results cannot be written,
  /// every row failed, the target or the judge went away and did not come back, or the deadline ended.
  [[nodiscard]] virtual Task<Result<EvaluationResult>> evaluate(
      EvaluationJob job, std::function<void(const EvaluationProgress&)> on_progress, Deadline deadline) = 0;

  /// Has the judge rate a made-up answer with the parameters that rows will use, once. Success when it
  /// answers; an answer without a rating is logged.
  [[nodiscard]] virtual Task<Status> check_judge(Judge judge, Deadline deadline) = 0;
};

}  // namespace fw::modelops
