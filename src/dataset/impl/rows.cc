#include "dataset/impl/rows.h"

#include "dataset/impl/chat.h"
#include "dataset/impl/normalise.h"

namespace fw::dataset {
namespace {

template <class Change>
void change_arguments(Json& message, Change change) {
  const auto calls = message.find("tool_calls");
  if (calls == message.end() || !calls->is_array()) return;
  for (Json& call : *calls) {
    if (!call.is_object() || !call.contains("function") || !call["function"].is_object()) continue;
    Json& function = call["function"];
    if (const auto arguments = function.find("arguments"); arguments != function.end()) change(*arguments);
  }
}

void arguments_to_values(Json& arguments) {
  if (!arguments.is_string()) return;
  if (auto parsed = parse_json(arguments.get_ref<const std::string&>())) arguments = std::move(*parsed);
}

void content_to_text(Json& message) {
  if (member(message, "content") == nullptr) message["content"] = "";
}

void prepare_request(Json& request) {
  for (Json& message : request["messages"]) {
    if (!has_role(message, "assistant")) continue;
    content_to_text(message);
  }
}

/// Leaves the answer's choice alone in the response and returns its message.
Json prepare_response(Json& response, bool parse_arguments) {
  Json choice = std::move(response["choices"][answer_index(response)]);
  Json& message = choice["message"];
  if (parse_arguments) change_arguments(message, arguments_to_values);
  content_to_text(message);
  Json answer = message;
  response["choices"] = Json::array({std::move(choice)});
  return answer;
}

/// The answer as a model is taught to give it: role, content, calls; what a provider adds besides is left out.
Json taught_answer(const Json& answer) {
  const Json* calls = tool_calls_of(answer);
  Json message;
  message["role"] = "assistant";
  message["content"] = calls == nullptr ? answer.at("content") : Json("");
  if (calls != nullptr) message["tool_calls"] = *calls;
  return message;
}

}  // namespace

std::optional<Exchange> read_exchange(const record::Interaction& record, bool parse_arguments) {
  auto request = parse_json(record.request);
  auto response = parse_json(record.response);
  if (!request || !response || normalise(*request, *response, parse_arguments).defect) return std::nullopt;
  prepare_request(*request);
  Json answer = prepare_response(*response, parse_arguments);
  return Exchange{std::move(*request), std::move(*response), std::move(answer)};
}

Json training_row(const Exchange& exchange) {
  Json row;
  row["messages"] = exchange.request.at("messages");
  row["messages"].push_back(taught_answer(exchange.answer));
  const Json* tools = member(exchange.request, "tools");
  if (tools != nullptr && !tools->empty()) row["tools"] = *tools;
  return row;
}

Json evaluation_row(const Exchange& exchange, const RowFacts& facts) {
  Json row;
  row["record_id"] = *facts.id;
  row["label"] = facts.traits.label;
  row["answer_kind"] = to_string(facts.traits.kind);
  row["conversation"] = facts.traits.conversation;
  row["turn"] = facts.traits.turn;
  row["conversation_turns"] = facts.traits.conversation_turns;
  row["template_in_training"] = facts.traits.template_in_training;
  row["newest"] = facts.traits.is_newest;
  row["weight"] = facts.traits.weight;
  row["repeats"] = facts.traits.repeats;
  row["repeats_agreeing"] = facts.traits.repeats_agreeing;
  row["frequent"] = facts.traits.is_frequent;
  row["timestamp"] = facts.timestamp;
  row["request"] = exchange.request;
  row["response"] = exchange.response;
  return row;
}

}  // namespace fw::dataset
