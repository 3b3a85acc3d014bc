#include <algorithm>

#include "dataset/impl/chat.h"
#include "dataset/impl/normalise_parts.h"
#include "dataset/reasons.h"

namespace fw::dataset::normal {
namespace {

/// `function_call` of the older API as a list of one call.
void lift_function_call(Json& message, Normalised& out) {
  const auto legacy = message.find("function_call");
  if (legacy == message.end()) return;
  Json call = std::move(*legacy);
  message.erase("function_call");
  if (!call.is_object()) return;
  out.repairs.insert(repairs::kLegacyCalls);
  if (tool_calls_of(message) != nullptr) return;
  Json lifted;
  lifted["type"] = "function";
  lifted["function"] = std::move(call);
  message["tool_calls"] = Json::array({std::move(lifted)});
}

/// A call whose name stands beside its id, as frameworks write it.
void wrap_function(Json& call, Normalised& out) {
  if (member(call, "function") != nullptr || string_member(call, "name").empty()) return;
  Json function;
  function["name"] = std::move(call["name"]);
  for (const char* key : {"arguments", "args", "input"}) {
    if (const Json* value = member(call, key)) function["arguments"] = *value;
    call.erase(key);
  }
  call.erase("name");
  call["type"] = "function";
  call["function"] = std::move(function);
  out.repairs.insert(repairs::kCallShape);
}

/// An integer beyond 64 bits has become the nearest of another kind of number when it is read.
bool holds_large_integer(const Json& value) {
  if (value.is_number_float()) return value.get<double>() >= 0x1p64 || value.get<double>() <= -0x1p63;
  return value.is_structured() && std::ranges::any_of(value, holds_large_integer);
}

bool is_blank(const std::string& text) { return text.find_first_not_of(" \t\r\n") == std::string::npos; }

}  // namespace

Defect Calls::malformed() const { return is_earlier_ ? reasons::kEarlierCallMalformed : reasons::kCallMalformed; }
Defect Calls::not_an_object() const { return is_earlier_ ? reasons::kEarlierArguments : reasons::kArgumentsNotObject; }

Defect Calls::normalise(Json& message) {
  lift_function_call(message, out_);
  const auto calls = message.find("tool_calls");
  if (calls == message.end()) return std::nullopt;
  // Hosted servers refuse a message of the request with either; an answer's own stays as it came.
  const bool is_empty_list = calls->is_array() && calls->empty();
  if (is_earlier_ && (is_empty_list || calls->is_null())) {
    if (is_empty_list) out_.repairs.insert(repairs::kEmptyList);
    message.erase(calls);
    return std::nullopt;
  }
  if (calls->is_null()) return std::nullopt;
  if (!calls->is_array()) return malformed();
  for (const Json& call : *calls) {
    const std::string& type = string_member(call, "type");
    const bool is_function = type.empty() || type == "function" || member(call, "name") != nullptr;
    if (call.is_object() && !is_function) return is_earlier_ ? malformed() : reasons::kCallNotFunction;
  }
  for (std::size_t i = 0; i < calls->size(); ++i) {
    if (Defect defect = call((*calls)[i], i)) return defect;
  }
  return std::nullopt;
}

Defect Calls::call(Json& call, std::size_t number) {
  if (!call.is_object()) return malformed();
  wrap_function(call, out_);
  const auto function = call.find("function");
  if (function == call.end() || string_member(*function, "name").empty()) return malformed();
  if (string_member(call, "type") != "function") {
    call["type"] = "function";
    out_.repairs.insert(repairs::kCallType);
  }
  if (string_member(call, "id").empty()) {
    call["id"] = prefix_ + std::to_string(number);
    out_.repairs.insert(repairs::kCallId);
  }
  return parse_arguments_ ? arguments(call["function"]) : std::nullopt;
}

Defect Calls::arguments(Json& function) {
  Json& arguments = function["arguments"];
  if (arguments.is_object()) {
    if (holds_large_integer(arguments)) return reasons::kNoEngineReads;
    arguments = to_line(arguments);
    return std::nullopt;
  }
  if (arguments.is_null() || (arguments.is_string() && is_blank(arguments.get_ref<const std::string&>()))) {
    arguments = "{}";
    out_.repairs.insert(repairs::kArgumentsEmpty);
    return std::nullopt;
  }
  if (!arguments.is_string()) return not_an_object();
  std::optional<Json> value = parse_json(arguments.get_ref<const std::string&>());
  if (!value) return is_earlier_ ? reasons::kEarlierArguments : reasons::kArgumentsUnparsable;
  if (value->is_object()) return std::nullopt;
  if (value->is_null()) {
    arguments = "{}";
    out_.repairs.insert(repairs::kArgumentsEmpty);
    return std::nullopt;
  }
  if (!value->is_string()) return not_an_object();
  const std::optional<Json> inner = parse_json(value->get_ref<const std::string&>());
  if (!inner || !inner->is_object()) return not_an_object();
  arguments = std::move(*value);
  out_.repairs.insert(repairs::kArgumentsTwice);
  return std::nullopt;
}

}  // namespace fw::dataset::normal
