#include "capture/formats/impl/chat_shape.h"

#include <algorithm>
#include <array>

#include "capture/timestamp.h"
#include "record/ids.h"

namespace fw::capture {
namespace {

constexpr int kMaxTextDepth = 128;
constexpr std::size_t kMostConversation = 1024;
// The more particular first: a session may hold several conversations.
constexpr std::array<std::string_view, 11> kConversations{"conversation_id",
                                                          "conversationId",
                                                          "thread_id",
                                                          "threadId",
                                                          "chat_id",
                                                          "chatId",
                                                          "session_id",
                                                          "sessionId",
                                                          "langfuse_session_id",
                                                          "litellm_session_id",
                                                          "Helicone-Session-Id"};

struct RoleName {
  std::string_view name;
  std::string_view role;
};
constexpr std::array<RoleName, 30> kRoles{{{"user", "user"},
                                           {"User", "user"},
                                           {"USER", "user"},
                                           {"Assistant", "assistant"},
                                           {"ASSISTANT", "assistant"},
                                           {"Chatbot", "assistant"},
                                           {"CHATBOT", "assistant"},
                                           {"assistant", "assistant"},
                                           {"system", "system"},
                                           {"developer", "developer"},
                                           {"tool", "tool"},
                                           {"human", "user"},
                                           {"HumanMessage", "user"},
                                           {"ai", "assistant"},
                                           {"AIMessage", "assistant"},
                                           {"AIMessageChunk", "assistant"},
                                           {"gpt", "assistant"},
                                           {"chatgpt", "assistant"},
                                           {"model", "assistant"},
                                           {"bot", "assistant"},
                                           {"function_call", "assistant"},
                                           {"SystemMessage", "system"},
                                           {"function", "tool"},
                                           {"chain", "tool"},
                                           {"observation", "tool"},
                                           {"ipython", "tool"},
                                           {"function_response", "tool"},
                                           {"tool_response", "tool"},
                                           {"ToolMessage", "tool"},
                                           {"FunctionMessage", "tool"}}};

std::string role_of(std::string_view name) {
  const auto found = std::ranges::find(kRoles, name, &RoleName::name);
  return std::string(found == kRoles.end() ? name : found->role);
}

/// The name that a message's writer gave its role.
std::string role_name(const Json& message) {
  for (const char* key : {"role", "from", "type"}) {
    if (std::string name = text_at(message, key); !name.empty()) return name;
  }
  return "";
}

/// LangChain writes messages as `{"lc", "id": [..., "HumanMessage"], "kwargs"}` and as `{"type", "data"}`.
Json without_langchain(const Json& message) {
  const Json* kwargs = find(message, "kwargs");
  const Json* id = find(message, "id");
  if (kwargs != nullptr && kwargs->is_object() && id != nullptr && id->is_array() && !id->empty() &&
      id->back().is_string()) {
    Json out = *kwargs;
    out["role"] = id->back();
    return out;
  }
  const Json* data = find(message, "data");
  if (data == nullptr || !data->is_object() || find(*data, "content") == nullptr) return message;
  Json out = *data;
  out["role"] = text_at(message, "type");
  return out;
}

/// A call in the API's shape: LangChain has `{"name", "args"}`, older writers `{"name", "arguments"}`.
Json call_of(const Json& written) {
  const Json* function = find(written, "function");
  const Json& inner = function != nullptr && function->is_object() ? *function : written;
  const Json* arguments = find_any(inner, {"arguments", "args", "parameters"});
  Json out = Json::object();
  out["id"] = text_at(written, "id");
  out["type"] = "function";
  std::string text = "{}";
  if (arguments != nullptr) text = arguments->is_string() ? arguments->get<std::string>() : to_text(*arguments);
  out["function"] = {{"name", text_at(inner, "name")}, {"arguments", std::move(text)}};
  return out;
}

Json calls_of(const Json& message) {
  const Json* calls = find(message, "tool_calls");
  const Json* more = find(message, "additional_kwargs");
  if ((calls == nullptr || calls->empty()) && more != nullptr) calls = find(*more, "tool_calls");
  Json out = Json::array();
  if (calls != nullptr && calls->is_array()) {
    for (const Json& call : *calls) out.push_back(call_of(call));
  }
  const Json* legacy = find(message, "function_call");
  if (legacy == nullptr && more != nullptr) legacy = find(*more, "function_call");
  if (out.empty() && legacy != nullptr && legacy->is_object()) out.push_back(call_of(*legacy));
  return out;
}

/// ShareGPT writes the call itself as the message's text, one object or a list of them.
Json calls_in_text(const Json& content) {
  const Json value = unquoted(content);
  Json out = Json::array();
  if (value.is_object() && find(value, "name") != nullptr) out.push_back(call_of(value));
  if (value.is_array()) {
    for (const Json& call : value) out.push_back(call_of(call));
  }
  return out;
}

/// Content stays text, null or a list of parts; other values become their JSON.
Json content_of(const Json& message) {
  const Json* content = find_any(message, {"content", "value", "text"});
  // OpenAI's stored completions have parts beside a content that is null.
  if (content == nullptr) content = find(message, "content_parts");
  if (content == nullptr) return nullptr;
  const bool is_api_shape = content->is_string() || content->is_array();
  return is_api_shape ? *content : Json(to_text(*content));
}

/// Keys that writers add to messages and that no model is asked with.
bool is_foreign_key(std::string_view key) {
  constexpr std::array kKeys{"role",
                             "from",
                             "type",
                             "content",
                             "content_parts",
                             "value",
                             "text",
                             "tool_calls",
                             "weight",
                             "function_call",
                             "kwargs",
                             "example",
                             "id",
                             "additional_kwargs",
                             "response_metadata",
                             "usage_metadata",
                             "invalid_tool_calls",
                             "args",
                             "data"};
  return std::ranges::find(kKeys, key) != kKeys.end();
}

Result<Json> message_of(const Json& written) {
  if (!written.is_object()) return invalid_argument("a message is not an object");
  const Json message = without_langchain(written);
  const std::string name = role_name(message);
  if (name.empty()) return invalid_argument("a message has no role");
  Json out{{"role", role_of(name)}, {"content", content_of(message)}};
  Json calls = calls_of(message);
  if (name == "function_call" && calls.empty()) {
    calls = calls_in_text(out["content"]);
    if (!calls.empty()) out["content"] = nullptr;
  }
  if (!calls.empty()) out["tool_calls"] = std::move(calls);
  for (const auto& [key, value] : message.items()) {
    if (!is_foreign_key(key) && !value.is_null()) out[key] = value;
  }
  if (out["role"] == "tool" && out["content"].is_null()) out["content"] = "";
  return out;
}

/// Calls and their results belong together by ids. Where a writer dropped them, the results follow their calls in
/// order.
void pair_calls(Json& messages) {
  for (std::size_t at = 0; at < messages.size(); ++at) {
    Json* calls = messages[at].contains("tool_calls") ? &messages[at]["tool_calls"] : nullptr;
    if (calls == nullptr) continue;
    for (std::size_t i = 0; i < calls->size(); ++i) {
      Json& id = (*calls)[i]["id"];
      Json* result = nullptr;
      if (at + 1 + i < messages.size() && messages[at + 1 + i]["role"] == "tool") result = &messages[at + 1 + i];
      const std::string known = result == nullptr ? "" : text_at(*result, "tool_call_id");
      if (id == "") id = known.empty() ? "call_" + std::to_string(at) + "_" + std::to_string(i) : known;
      if (result != nullptr && known.empty()) (*result)["tool_call_id"] = id;
    }
  }
}

bool is_plain_message(const Json& message) {
  if (!message.is_object() || message.contains("weight") || message.contains("function_call")) return false;
  if (message.contains("content_parts")) return false;
  const std::string role = text_at(message, "role");
  if (role == "function" || role_of(role) != role || message.contains("additional_kwargs")) return false;
  const Json* calls = find(message, "tool_calls");
  if (calls == nullptr || !calls->is_array()) return true;
  return std::ranges::all_of(*calls, [](const Json& call) {
    const Json* function = find(call, "function");
    return !text_at(call, "id").empty() && function != nullptr && find(*function, "arguments") != nullptr &&
           find(*function, "arguments")->is_string();
  });
}

}  // namespace

Json json_of(const Document& document) { return Json::parse(document.text, nullptr, false); }
Json json_of(const codec::JsonMember& member) { return Json::parse(member.raw, nullptr, false); }
std::string to_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

const Json* find(const Json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

const Json* find_any(const Json& object, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (const Json* found = find(object, key)) return found;
  }
  return nullptr;
}

std::string text_at(const Json& object, std::string_view key) {
  const Json* found = find(object, key);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

Json unquoted(const Json& value) {
  if (!value.is_string()) return value;
  const auto& text = value.get_ref<const std::string&>();
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || (text[first] != '{' && text[first] != '[')) return value;
  bool is_deep = false;
  Json inner = Json::parse(
      text,
      [&](int depth, Json::parse_event_t, Json&) {
        is_deep = is_deep || depth > kMaxTextDepth;
        return !is_deep;
      },
      false);
  return inner.is_discarded() || is_deep ? value : inner;
}

bool is_plain_chat(const Json& messages) { return std::ranges::all_of(messages, is_plain_message); }

Result<Json> chat_messages(const Json& input) {
  const Json value = unquoted(input);
  Json messages = Json::array();
  if (value.is_string()) {
    messages.push_back({{"role", "user"}, {"content", value}});
  } else if (value.is_object()) {
    FW_ASSIGN(Json message, message_of(value));
    messages.push_back(std::move(message));
  } else if (value.is_array()) {
    // LangChain keeps a list of lists, one a prompt of a batch.
    const bool is_nested = value.size() == 1 && value.front().is_array();
    for (const Json& written : is_nested ? value.front() : value) {
      FW_ASSIGN(Json message, message_of(written));
      messages.push_back(std::move(message));
    }
  } else {
    return invalid_argument("messages is not a list");
  }
  pair_calls(messages);
  return messages;
}

Result<Json> chat_answer(const Json& output) {
  const Json value = unquoted(output);
  if (value.is_string()) return Json{{"role", "assistant"}, {"content", value}};
  if (const Json* choices = find(value, "choices"); choices != nullptr && choices->is_array() && !choices->empty()) {
    if (const Json* message = find(choices->front(), "message")) return chat_answer(*message);
    return invalid_argument("the answer is not a message");
  }
  if (const Json* made = find(value, "generations"); made != nullptr && made->is_array() && !made->empty()) {
    return chat_answer(made->front().is_array() ? Json(made->front()) : *made);  // LangChain: a list for each prompt
  }
  if (const Json* message = find(value, "message"); message != nullptr && message->is_object()) {
    return chat_answer(*message);
  }
  if (value.is_array() && !value.empty()) return chat_answer(value.back());
  if (!value.is_object()) return invalid_argument("the answer is empty");
  Json message = value;
  if (find(without_langchain(message), "role") == nullptr && role_name(message).empty()) message["role"] = "assistant";
  if (find_any(message, {"content", "tool_calls", "function_call", "kwargs", "data", "value", "refusal"}) == nullptr) {
    return Json{{"role", "assistant"}, {"content", to_text(value)}};  // a structured answer, logged as it was parsed
  }
  FW_ASSIGN(Json list, chat_messages(Json::array({std::move(message)})));
  if (list.front()["role"] != "assistant") return invalid_argument("the answer is not the assistant's");
  return std::move(list.front());
}

Json chat_tools(const Json& source) {
  const Json* written = find_any(source, {"tools", "functions"});
  if (written == nullptr) return nullptr;
  const Json list = unquoted(*written);
  if (!list.is_array() || list.empty()) return nullptr;
  Json tools = Json::array();
  for (const Json& tool : list) {
    const bool is_bare = tool.is_object() && find(tool, "function") == nullptr && find(tool, "name") != nullptr;
    tools.push_back(is_bare ? Json{{"type", "function"}, {"function", tool}} : tool);
  }
  return tools;
}

Json response_around(Json answer, const Json* model, const Json* usage) {
  const bool calls = find(answer, "tool_calls") != nullptr;
  Json out{{"object", "chat.completion"}, {"model", model != nullptr ? *model : Json("not-a-model")}};
  out["choices"] =
      Json::array({{{"index", 0}, {"message", std::move(answer)}, {"finish_reason", calls ? "tool_calls" : "stop"}}});
  if (usage != nullptr) out["usage"] = *usage;
  return out;
}

Result<std::size_t> answered(const Json& messages) {
  if (messages.empty()) return invalid_argument("messages has no question before the answer");
  std::size_t count = messages.size();
  while (count > 0 && text_at(messages[count - 1], "role") == "user") --count;
  const std::string last = count == 0 ? "" : text_at(messages[count - 1], "role");
  if (last == "assistant") return count;
  const bool is_asked = count < messages.size();
  if (is_asked && std::ranges::none_of(messages, [](const Json& m) { return text_at(m, "role") == "assistant"; }))
    return invalid_argument("a request without its answer: none of messages is the assistant's");
  if (last == "tool") return invalid_argument("a tool's result that nothing answers: the last of messages is a tool's");
  return invalid_argument("the last of messages is not the assistant's");
}

Result<Draft> draft_of_conversation(Json messages, const Json& tools) {
  FW_ASSIGN(const std::size_t count, answered(messages));
  const bool is_cut = count < messages.size();
  while (messages.size() > count) messages.erase(messages.size() - 1);
  if (messages.size() < 2) return invalid_argument("messages has no question before the answer");
  Json answer = messages.back();
  messages.erase(messages.size() - 1);
  Json request{{"model", "not-a-model"}, {"messages", std::move(messages)}};
  if (!tools.is_null()) request["tools"] = tools;
  request["temperature"] = 0.7;
  request["max_tokens"] = 1000;
  Draft draft{.request = to_text(request), .response = to_text(response_around(std::move(answer)))};
  if (is_cut) draft.repairs.push_back(kUnansweredEnd);
  return draft;
}

bool copy_parameters(Json& request, const Json& from) {
  constexpr std::array kNumbers{"temperature", "top_p", "max_tokens",       "max_completion_tokens",
                                "seed",        "n",     "presence_penalty", "frequency_penalty"};
  constexpr std::array kOthers{"tool_choice", "response_format", "stop", "parallel_tool_calls", "reasoning_effort"};
  bool is_whole = true;
  for (const char* name : kNumbers) {
    const Json* value = find(from, name);
    if (value == nullptr) continue;
    const Json number = value->is_string() ? Json::parse(value->get<std::string>(), nullptr, false) : *value;
    if (number.is_number()) {
      request[name] = number;
    } else {
      is_whole = false;
    }
  }
  for (const char* name : kOthers) {
    if (const Json* value = find(from, name)) request[name] = *value;
  }
  return is_whole;
}

std::string identity_of(const Draft& draft) {
  const auto time = draft.timestamp ? draft.timestamp->time_since_epoch().count() : 0;
  return std::to_string(time) + '\n' + std::to_string(draft.request.size()) + '\n' + draft.request + draft.response;
}

void take_names(Draft& draft, const Json& source) {
  const Json* const written = find_any(source, {"metadata", "properties", "request_properties"});
  const Json more = written != nullptr ? unquoted(*written) : Json();
  const Json* const requester = find(more, "requester_metadata");
  const auto name_in = [&](std::string_view key) -> std::optional<std::string> {
    for (const Json* place : {&source, &more, requester}) {
      if (place == nullptr || !place->is_object()) continue;
      if (std::string name = text_at(*place, key); !name.empty()) return name;
    }
    return std::nullopt;
  };
  draft.workload = name_in("workload_id");
  draft.client = name_in("client_id");
  for (const std::string_view key : kConversations) {
    if (draft.provenance.conversation.empty())
      draft.provenance.conversation = record::repaired_id(name_in(key).value_or(""), kMostConversation);
  }
}

std::optional<Timestamp> time_at(const Json& object, std::initializer_list<std::string_view> keys) {
  const Json* value = find_any(object, keys);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return parse_timestamp(value->get<std::string>());
  return value->is_number() ? parse_timestamp(value->dump()) : std::nullopt;
}

}  // namespace fw::capture
