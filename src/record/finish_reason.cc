#include "record/finish_reason.h"

#include <algorithm>
#include <array>
#include <utility>

namespace fw::record {
namespace {

using enum AnswerEnd;
constexpr std::array<std::pair<std::string_view, AnswerEnd>, 37> kEnds{{
    {"length", kCut},
    {"max_tokens", kCut},
    {"max_output_tokens", kCut},
    {"max_length", kCut},
    {"model_length", kCut},
    {"token_limit", kCut},
    {"error_limit", kCut},
    {"context_length", kCut},
    {"context_length_exceeded", kCut},
    {"model_context_window_exceeded", kCut},
    {"content_filter", kFiltered},
    {"content_filtered", kFiltered},
    {"guardrail_intervened", kFiltered},
    {"refusal", kFiltered},
    {"error_toxic", kFiltered},
    {"sensitive", kFiltered},
    {"safety", kFiltered},
    {"image_safety", kFiltered},
    {"recitation", kFiltered},
    {"language", kFiltered},
    {"blocklist", kFiltered},
    {"prohibited_content", kFiltered},
    {"spii", kFiltered},
    {"error", kBroken},
    {"network_error", kBroken},
    {"abort", kBroken},
    {"aborted", kBroken},
    {"cancelled", kBroken},
    {"user_cancel", kBroken},
    {"timeout", kBroken},
    {"time_limit", kBroken},
    {"insufficient_system_resource", kBroken},
    {"malformed_function_call", kBroken},
    {"malformed_model_output", kBroken},
    {"malformed_tool_use", kBroken},
    {"unexpected_tool_call", kBroken},
    {"too_many_tool_calls", kBroken},
}};

constexpr char plain(char c) {
  if (c == '-' || c == ' ') return '_';
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_same_word(std::string_view theirs, std::string_view known) {
  return std::ranges::equal(theirs, known, [](char a, char b) { return plain(a) == b; });
}

}  // namespace

AnswerEnd answer_end(std::string_view finish_reason) {
  const auto* found =
      std::ranges::find_if(kEnds, [&](const auto& end) { return is_same_word(finish_reason, end.first); });
  return found == kEnds.end() ? kWhole : found->second;
}

}  // namespace fw::record
