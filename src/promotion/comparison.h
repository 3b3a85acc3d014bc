#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "evals/metric.h"
#include "evals/row.h"
#include "promotion/gates.h"
#include "record/interaction.h"

namespace fw::promotion {

/// What an answer of a promoted model tells of it alone: slow, calls that the request's own schemas forbid. Up to
/// milliseconds of computing.
[[nodiscard]] Observation look_at(const record::Interaction& answered, const GateLimits& limits);

/// One request as the candidate and the side beside it answered it, as far as it is kept: figures, and none of the
/// texts. docs/formats/promotion.md has its JSON.
struct Pair {
  std::string record_id;  ///< of the exchange that the client had
  Timestamp at;
  bool was_candidate_copied = true;   ///< the client had the other side's answer
  bool is_answered = false;           ///< by both, whole
  std::string metric;                 ///< by which they were compared; empty: they were not
  double score = 0;                   ///< 1: the same
  std::optional<double> judge;        ///< its rating of the candidate's answer, 0 to 1; absent: not rated
  std::vector<std::string> mistakes;  ///< kinds, of tool calls (evals/tool_calls/comparison.h)
  double candidate_seconds = 0;
  double other_seconds = 0;

  friend bool operator==(const Pair&, const Pair&) = default;
};

[[nodiscard]] std::string to_json(const Pair& pair);
[[nodiscard]] std::optional<Pair> pair_of(std::string_view json);

struct Comparison {
  Pair pair;
  Observation seen;  ///< of the candidate; where a client had its answer, only how it compares: the rest was seen then
};

/// The other side's exchange as what the candidate's answer is evaluated on.
[[nodiscard]] Result<evals::EvaluationRow> row_of_pair(const record::Interaction& other);

/// Holds the candidate's answer against the other side's by the metric that leads rows of this kind: tool calls under
/// their schemas, or the text metric. Up to seconds of computing for very long texts.
[[nodiscard]] Comparison compare(const record::Interaction& candidate, const record::Interaction& other,
                                 bool was_candidate_copied, const GateLimits& limits,
                                 const evals::ScoringSettings& scoring);

}  // namespace fw::promotion
