#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "evals/row.h"

namespace fw::evals {

/// What a judge is asked to rate.
enum class JudgeTask {
  kToolCalls,   ///< are the candidate's tool calls right? 0 or 1
  kSimilarity,  ///< does the candidate say what the reference says? 1 to 10
};

/// The chat completion request for a judge: our instructions, then the task's tools and messages, the reference answer
/// and the candidate's answer, each between markers, so that what stands in them is read as data. Of both answers it
/// sees text and tool calls, never their thinking. Asks for a JSON object with `reason` and `rating`.
[[nodiscard]] std::string judge_request(JudgeTask task, const EvaluationRow& row, const PythonValue& candidate,
                                        std::string_view model, std::uint64_t seed);

/// The rating of a short made-up answer, asked as rows will be.
[[nodiscard]] std::string judge_probe(std::string_view model);

}  // namespace fw::evals
