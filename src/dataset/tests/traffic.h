#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dataset/builder.h"

namespace fw::dataset::testing_traffic {

using Json = nlohmann::ordered_json;

inline Json say(const std::string& role, const std::string& content) { return {{"role", role}, {"content", content}}; }

inline Json call(const std::string& name, const Json& arguments) {
  return {{"role", "assistant"},
          {"content", nullptr},
          {"tool_calls", Json::array({{{"id", "call_1"},
                                       {"type", "function"},
                                       {"function", {{"name", name}, {"arguments", arguments.dump()}}}}})}};
}

inline Json tool(const std::string& name, int parameters = 1) {
  Json properties = Json::object();
  for (int i = 0; i < parameters; ++i) properties["p" + std::to_string(i)] = {{"type", "string"}};
  return {{"type", "function"},
          {"function", {{"name", name}, {"parameters", {{"type", "object"}, {"properties", properties}}}}}};
}

inline Json request_of(const Json& messages) {
  return {{"model", "big"}, {"messages", messages}, {"temperature", 0.2}};
}
inline Json ask(const std::string& text) {
  return request_of(Json::array({say("system", "You route."), say("user", text)}));
}

inline Json reply(const Json& message) {
  return {{"id", "r"}, {"choices", Json::array({{{"index", 0}, {"message", message}, {"finish_reason", "stop"}}})}};
}

/// A workload's records, one second apart.
class Traffic {
 public:
  Traffic& add(const Json& request, const Json& response) { return add_raw(request.dump(), response.dump()); }
  Traffic& add_raw(std::string request, std::string response) {
    const auto n = static_cast<std::int64_t>(records_.size());
    char id[32];
    std::snprintf(id, sizeof id, "r%06d", static_cast<int>(n));
    records_.push_back({record::RecordId(id), record::WorkloadId("router"), record::ClientId("c"),
                        from_epoch_seconds(1'700'000'000 + n), std::move(request), std::move(response)});
    return *this;
  }
  /// `count` unrelated questions that were answered with this tool, or without one if it is "".
  Traffic& ask_often(int count, const std::string& name, const std::string& words = "please help with item ") {
    for (int i = 0; i < count; ++i) {
      const std::string item = "x" + std::to_string(records_.size());
      Json request = ask(words + item + " " + name);
      request["tools"] = Json::array({tool("get_order"), tool("cancel")});
      add(request, reply(name.empty() ? say("assistant", "You are welcome.") : call(name, {{"id", item}})));
    }
    return *this;
  }

  [[nodiscard]] std::vector<record::Interaction>& records() { return records_; }

 private:
  std::vector<record::Interaction> records_;
};

inline SplitSettings small_split(std::uint64_t eval_size = 4) {
  SplitSettings split;
  split.eval_size = eval_size;
  split.min_total_records = 1;
  return split;
}

inline Result<BuiltDatasets> build_of(const std::vector<record::Interaction>& records, const SplitSettings& split,
                                      std::uint64_t seed = 7, const IclSettings& icl = {}) {
  RecordsInMemory source(records);
  return build({.workload = record::WorkloadId("router"),
                .records = source,
                .split = split,
                .icl = icl,
                .seed = seed,
                .now = from_epoch_seconds(1'732'460'000)});
}

inline std::vector<Json> rows_of(const Dataset& dataset, const std::string& path) {
  std::vector<Json> rows;
  for (const auto& file : dataset.files) {
    if (file.path != path) continue;
    for (std::size_t at = 0; at < file.content.size();) {
      const std::size_t end = file.content.find('\n', at);
      rows.push_back(Json::parse(file.content.substr(at, end - at)));
      at = end + 1;
    }
  }
  return rows;
}
inline std::vector<Json> eval_rows(const BuiltDatasets& built) { return rows_of(built.eval, "eval_data.jsonl"); }
inline std::vector<Json> icl_rows(const BuiltDatasets& built) { return rows_of(built.icl, "eval_data.jsonl"); }
inline std::vector<Json> train_rows(const BuiltDatasets& built) {
  return rows_of(built.train, "training/train_data.jsonl");
}
inline std::vector<Json> validation_rows(const BuiltDatasets& built) {
  return rows_of(built.train, "validation/val_data.jsonl");
}

inline const Step& step_of(const Card& card, const std::string& name) {
  for (const Step& step : card.steps) {
    if (step.name == name) return step;
  }
  throw std::out_of_range(name);
}

}  // namespace fw::dataset::testing_traffic
