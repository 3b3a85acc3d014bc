#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "review/queue.h"

namespace fw::review {

using Json = nlohmann::ordered_json;

inline Json call(const std::string& name, const Json& arguments) {
  return {{"role", "assistant"},
          {"content", nullptr},
          {"tool_calls", {{{"type", "function"}, {"function", {{"name", name}, {"arguments", arguments.dump()}}}}}}};
}

inline Json row(const std::string& id, const std::string& label, const Json& reference, const Json& message,
                const Json& scores = Json::object()) {
  const Json answer{{"model_name", "small"}, {"variant", "customized-eval"}, {"message", message}, {"agreement", 0.0},
                    {"scores", scores},      {"mistakes", Json::array()},    {"failure", nullptr}, {"error", nullptr}};
  return {{"record_id", id},
          {"label", label},
          {"messages", {{{"role", "user"}, {"content", "hello"}}}},
          {"reference", reference},
          {"answers", Json::array({answer})}};
}

/// A live request about `asked` that production answered with one message and the candidate with another.
inline Divergence divergence(const std::string& id, const std::string& asked, const Json& production,
                             const Json& candidate) {
  const auto exchange = [&](const Json& message) {
    return record::Interaction{
        .id = record::RecordId::from_stored(id),
        .request = Json{{"messages", {{{"role", "user"}, {"content", asked}}}}}.dump(),
        .response = Json{{"choices", {{{"index", 0}, {"message", message}, {"finish_reason", "stop"}}}}}.dump()};
  };
  return {.job = "job",
          .model_name = "small",
          .variant = "customized-eval",
          .candidate = exchange(candidate),
          .other = exchange(production),
          .metric = "tool_calls_and_args_match",
          .score = 0};
}

/// The parts of a report that a review is made of: 100 rows of class `common`, 4 of `rare`.
inline Json report_with(const Json& rows, std::uint64_t total) {
  return {
      {"job", {{"workload_id", "w"}, {"client_id", "c"}}},
      {"summary",
       {{"model_name", "small"}, {"variant", "customized-eval"}, {"decision", "yes"}, {"score", {{"n", 104}}}}},
      {"candidates",
       {{{"model_name", "small"},
         {"evaluations",
          {{{"variant", "customized-eval"},
            {"classes",
             {{{"label", "common"}, {"share", 0.9}, {"n", 100}}, {{"label", "rare"}, {"share", 0.1}, {"n", 4}}}}}}}}}},
      {"divergent_rows", {{"total", total}, {"left_out", 0}, {"rows", rows}}}};
}

}  // namespace fw::review
