#include "sample/impl/row.h"

#include <algorithm>

#include "base/hash.h"

namespace fw::sample {
namespace {

using Json = nlohmann::ordered_json;

Json message(std::string_view role, std::string_view content) { return {{"role", role}, {"content", content}}; }

Json call_message(const Turn& turn) {
  Json call{{"id", turn.call_id},
            {"type", "function"},
            {"function", {{"name", turn.tool->name}, {"arguments", turn.arguments_json}}}};
  return {{"role", "assistant"}, {"content", nullptr}, {"tool_calls", Json::array({std::move(call)})}};
}

// What the turns before `end` said and did; with the tools' part only where the node sees it.
void append_history(Json& messages, const Conversation& conversation, std::size_t end, bool with_tools) {
  for (std::size_t i = 0; i < end; ++i) {
    const Turn& turn = conversation[i];
    messages.push_back(message("user", turn.text));
    if (with_tools && turn.tool != nullptr) {
      messages.push_back(call_message(turn));
      messages.push_back({{"role", "tool"}, {"tool_call_id", turn.call_id}, {"content", turn.result}});
    }
    messages.push_back(message("assistant", turn.answer));
  }
  messages.push_back(message("user", conversation[end].text));
}

std::string conversation_key(const Conversation& conversation, std::size_t end) {
  std::string key;
  for (std::size_t i = 0; i < end; ++i) {
    const Turn& turn = conversation[i];
    for (const std::string* part : {&turn.text, &turn.arguments_json, &turn.result, &turn.answer}) key += *part + '\n';
  }
  return key + conversation[end].text;
}

Row router_row(const Domain& domain, const Conversation& conversation, std::size_t at) {
  const Turn& turn = conversation[at];
  Row row{.messages = Json::array({message("system", domain.router_prompt)}), .calls_tool = turn.tool != nullptr};
  append_history(row.messages, conversation, at, true);
  const bool lacks_details = turn.wording->moment == Moment::kIncomplete;
  row.answer = row.calls_tool ? call_message(turn)
                              : message("assistant", lacks_details ? domain.router_details : domain.router_talk);
  row.key = conversation_key(conversation, at);
  return row;
}

Row rewriter_row(const Domain& domain, const Conversation& conversation, std::size_t at) {
  Row row{.messages = Json::array({message("system", domain.rewriter_prompt)})};
  append_history(row.messages, conversation, at, false);
  row.answer = message("assistant", conversation[at].standalone);
  row.key = conversation_key(conversation, at);
  return row;
}

Row writer_row(const Domain& domain, const Turn& turn) {
  const std::string question = "Question: " + turn.standalone + "\nTool result: " + turn.result;
  return {.messages = Json::array({message("system", domain.writer_prompt), message("user", question)}),
          .answer = message("assistant", turn.answer),
          .key = question};
}

std::uint64_t estimated_tokens(std::size_t bytes) { return bytes * 10 / 38 + 4; }

Json usage(const Row& row, const Json& tools) {
  const std::uint64_t prompt =
      estimated_tokens(row.messages.dump().size() + (tools.is_null() ? 0 : tools.dump().size()));
  const std::uint64_t completion = estimated_tokens(row.answer.dump().size() - 30);
  return {{"prompt_tokens", prompt}, {"completion_tokens", completion}, {"total_tokens", prompt + completion}};
}

Json param_json(const Domain& domain, const Param& param) {
  Json out{{"type", param.type == ParamType::kInteger ? "integer" : "string"}};
  if (param.type == ParamType::kEnum) {
    const auto slot = std::ranges::find(domain.slots, param.name, &Slot::name);
    out["enum"] = slot->alternatives;
  }
  if (!param.description.empty()) out["description"] = param.description;
  return out;
}

}  // namespace

std::optional<Row> row_at(const Domain& domain, Workload workload, const Conversation& conversation, std::size_t turn) {
  switch (workload) {
    case Workload::kRouter: return router_row(domain, conversation, turn);
    case Workload::kRewriter:
      if (turn > 0) return rewriter_row(domain, conversation, turn);
      return std::nullopt;
    case Workload::kWriter:
      if (conversation[turn].tool != nullptr) return writer_row(domain, conversation[turn]);
      return std::nullopt;
  }
  return std::nullopt;
}

Json tools_json(const Domain& domain) {
  Json tools = Json::array();
  for (const Tool& tool : domain.tools) {
    Json properties = Json::object();
    Json required = Json::array();
    for (const Param& param : tool.params) {
      properties[std::string(param.name)] = param_json(domain, param);
      if (param.required) required.push_back(param.name);
    }
    tools.push_back({{"type", "function"},
                     {"function",
                      {{"name", tool.name},
                       {"description", tool.description},
                       {"parameters", {{"type", "object"}, {"properties", properties}, {"required", required}}}}}});
  }
  return tools;
}

Json document(const Domain& domain, const Row& row, const Json& tools, const DocumentIds& ids) {
  Json request{{"model", domain.production_model}, {"messages", row.messages}};
  if (!tools.is_null()) {
    request["tools"] = tools;
    request["tool_choice"] = "auto";
  }
  request["temperature"] = 0.0;
  request["max_tokens"] = tools.is_null() ? 256 : 64;  // a routing decision is short
  const std::uint64_t id = hash64(ids.client + std::string(to_string(ids.workload)) + std::to_string(ids.number));
  Json choice{{"index", 0}, {"message", row.answer}, {"finish_reason", row.calls_tool ? "tool_calls" : "stop"}};
  Json response{
      {"id", "chatcmpl-" + std::to_string(id)}, {"object", "chat.completion"},      {"created", ids.timestamp},
      {"model", domain.production_model},       {"choices", Json::array({choice})}, {"usage", usage(row, tools)}};
  return {{"timestamp", ids.timestamp},
          {"workload_id", to_string(ids.workload)},
          {"client_id", ids.client},
          {"request", std::move(request)},
          {"response", std::move(response)}};
}

}  // namespace fw::sample
