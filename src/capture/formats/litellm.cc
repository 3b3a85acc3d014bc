#include "capture/formats/impl/chat_shape.h"
#include "capture/formats/impl/formats.h"

/// LiteLLM: the standard logging payload that its proxy writes to buckets and callbacks, and rows of its spend-log
/// table. `messages` and `response` are the halves, `model_parameters` the rest of the request; where prompts are not
/// stored they are empty objects.
namespace fw::capture {
namespace {

bool recognises(const Document& document, codec::JsonSlicer&) {
  return document.has("call_type") ||
         (document.has("messages") && document.has("response") && !document.has("request")) ||
         (document.has("proxy_server_request") && document.has("response"));
}

/// The request as the proxy got it, which spend logs keep beside the messages.
Json proxied(const Json& row) {
  const Json* written = find(row, "proxy_server_request");
  Json request = written != nullptr ? unquoted(*written) : Json::object();
  const Json* body = find(request, "body");
  return body != nullptr && body->is_object() ? Json(*body) : request;
}

struct Asked {
  Json request;
  bool has_all_parameters = true;
};

Result<Asked> request_of(const Json& row) {
  const Json original = proxied(row);
  const Json* messages = find(row, "messages");
  Json value = messages != nullptr ? unquoted(*messages) : Json();
  if (value.empty() || value == "")
    value = find(original, "messages") != nullptr ? *find(original, "messages") : Json();
  if (value.empty()) {
    return invalid_argument("LiteLLM log without messages (turn on store_prompts_in_spend_logs, or log to a bucket)");
  }
  const Json* inner = find(value, "messages");
  FW_ASSIGN(Json list, chat_messages(inner != nullptr ? *inner : value));
  Json request{{"model", text_at(row, "model")}, {"messages", std::move(list)}};
  const Json* parameters = find_any(row, {"model_parameters", "optional_params"});
  const Json settings = parameters != nullptr ? unquoted(*parameters) : Json::object();
  Json tools = chat_tools(settings);
  if (tools.is_null()) tools = chat_tools(original);
  if (tools.is_null()) tools = chat_tools(row);
  if (!tools.is_null()) request["tools"] = std::move(tools);
  const bool has_original = copy_parameters(request, original);
  const bool has_all = copy_parameters(request, settings) && has_original;
  return Asked{std::move(request), has_all};
}

Result<std::string> response_of(const Json& row, const Json& request) {
  const Json* written = find(row, "response");
  const Json response = written != nullptr ? unquoted(*written) : Json();
  if (response.empty() || response == "") return invalid_argument("LiteLLM log without its response");
  FW_ASSIGN(Json answer, chat_answer(response));
  const Json* choices = find(response, "choices");
  if (choices == nullptr) return to_text(response_around(std::move(answer), &request["model"]));
  const bool has_choice = choices->is_array() && !choices->empty() && choices->front().is_object();
  if (!has_choice) return invalid_argument("LiteLLM log whose response has choices that are no list of objects");
  Json out = response;
  out["choices"][0]["message"] = std::move(answer);
  return to_text(out);
}

Result<Draft> read(const Document& document, codec::JsonSlicer&) {
  const Json row = json_of(document);
  if (text_at(row, "status") == "failure") return invalid_argument("a LiteLLM call that failed (status failure)");
  const std::string call = text_at(row, "call_type");
  if (!call.empty() && call.find("completion") == std::string::npos) {
    return invalid_argument("a LiteLLM call that is no chat completion (call_type)");
  }
  FW_ASSIGN(const Asked asked, request_of(row));
  const Json& request = asked.request;
  Draft draft{.request = to_text(request)};
  FW_ASSIGN(draft.response, response_of(row, request));
  if (draft.request.find("redacted-by-litellm") != std::string::npos ||
      draft.response.find("redacted-by-litellm") != std::string::npos) {
    return invalid_argument("a LiteLLM log whose texts were redacted (turn_off_message_logging)");
  }
  draft.timestamp = time_at(row, {"startTime", "start_time", "timestamp"});
  draft.identity = identity_of(draft);
  if (!asked.has_all_parameters) draft.repairs.push_back(kNoNumber);
  take_names(draft, row);
  return draft;
}

}  // namespace

constexpr Format kLiteLlm{.name = "LiteLLM log", .recognises = recognises, .read = read};

}  // namespace fw::capture
