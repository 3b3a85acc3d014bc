#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "sample/impl/conversation.h"
#include "sample/sample.h"

namespace fw::sample {

/// One request of a node and its answer, without time and ids.
struct Row {
  nlohmann::ordered_json messages;
  nlohmann::ordered_json answer;  ///< the assistant's message
  std::string key;                ///< what was asked, without ids: equal keys are the same question
  bool calls_tool = false;
};

/// What the node is asked at a turn of the conversation; nothing where it is not asked.
[[nodiscard]] std::optional<Row> row_at(const Domain& domain, Workload workload, const Conversation& conversation,
                                        std::size_t turn);

/// The tools in the form of a chat-completion request.
[[nodiscard]] nlohmann::ordered_json tools_json(const Domain& domain);

struct DocumentIds {
  Workload workload = Workload::kRouter;
  std::string client;
  std::int64_t timestamp = 0;
  std::uint64_t number = 0;  ///< makes the response's id
};

/// The log document (blueprint form) of a row; `tools` is null for nodes without.
[[nodiscard]] nlohmann::ordered_json document(const Domain& domain, const Row& row, const nlohmann::ordered_json& tools,
                                              const DocumentIds& ids);

}  // namespace fw::sample
