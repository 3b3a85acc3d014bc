#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fw::sample {

/// The sample agent's production model: what the generator says that it answered, for requests as they come. Knows a
/// node by its prompt or, of agents that have others, by what their request holds: a tool's result is put into words,
/// a request with tools is routed, anything else is talked about. Same request, same answer. Any thread.
class ProductionModel final {
 public:
  ProductionModel();

  [[nodiscard]] std::string_view name() const;

  /// The chat-completion response to a chat-completion request. kInvalidArgument when it is no such request.
  [[nodiscard]] Result<std::string> answer(std::string_view request, std::int64_t now) const;

  /// The events' data of the same answer as a stream, `[DONE]` included: words, and arguments of calls in fragments.
  [[nodiscard]] static std::vector<std::string> stream_of(std::string_view response, bool include_usage);
};

}  // namespace fw::sample
