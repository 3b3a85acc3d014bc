#pragma once

#include <string_view>

namespace fw::record {

/// How a model's answer ended, by its choice's `finish_reason`.
enum class AnswerEnd {
  kWhole,     ///< the model stopped, or called a tool; also where the reason is absent or a word that is not known
  kCut,       ///< at a limit on tokens, of the answer or of the context
  kFiltered,  ///< by what watches over content
  kBroken,    ///< the server gave it up: an error, an abort, a limit on time, a call that it could not read
};

/// Servers behind OpenAI's API pass on the words of what stands behind them (`MAX_TOKENS`, `model_length`, `safety`):
/// all that are known are read, in any letter case, with any sign between. Sources: the API references of OpenAI,
/// Anthropic, Bedrock, Gemini, Cohere, Mistral, DeepSeek, watsonx, OpenRouter, vLLM and SGLang.
[[nodiscard]] AnswerEnd answer_end(std::string_view finish_reason);

}  // namespace fw::record
