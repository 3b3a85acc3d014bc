#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace fw::record {

/// What is left of an interaction's request and response when their time is over: what figures need, and nothing that
/// anybody wrote. Which models spoke stands in the provenance.
struct Outline {
  Timestamp expired;  ///< when the content went, to the second
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::uint64_t messages = 0;       ///< of the request
  std::uint64_t tools_offered = 0;  ///< by the request
  std::string label;                ///< the answer's class: its first tool, `no_tool`; empty where there was no answer
  std::vector<std::string> called;  ///< names of the tools that it called
  std::string finish_reason;
  bool is_error = false;  ///< an error instead of an answer
  std::optional<std::uint64_t> prompt_tokens;
  std::optional<std::uint64_t> completion_tokens;
  std::optional<std::uint64_t> cached_tokens;  ///< of prompt_tokens

  friend bool operator==(const Outline&, const Outline&) = default;
};

}  // namespace fw::record
