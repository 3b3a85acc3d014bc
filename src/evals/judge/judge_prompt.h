#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "evals/metric.h"
#include "evals/row.h"

namespace fw::evals {

/// The chat completion request for a judge: the metric's instruction, then the row's tools (where the metric shows
/// them) and messages, the reference answer and the candidate's answer, each between markers, so that what stands in
/// them is read as data. Of both answers it sees text and tool calls, never their thinking. Asks for a JSON object with
/// `reason` and `rating`.
[[nodiscard]] std::string judge_request(const Metric& metric, const EvaluationRow& row, const PythonValue& candidate,
                                        std::string_view model, std::uint64_t seed);

/// The rating of a short made-up answer, asked as rows will be.
[[nodiscard]] std::string judge_probe(std::string_view model);

}  // namespace fw::evals
