#include <algorithm>
#include <array>
#include <optional>

#include "capture/completions/stream_rebuild.h"
#include "capture/formats/impl/logged_call.h"
#include "capture/formats/impl/other_apis.h"
#include "codec/json_member.h"

namespace fw::capture {
namespace {

bool is_failed(const Json& response) {
  const Json* status = find_any(response, {"status", "status_code", "statusCode"});
  return status != nullptr && status->is_number() && *status >= 400;
}

/// What an HTTP exchange bears; the value itself where it is none.
Json body_of(const Json& half) {
  Json value = unquoted(half);
  const bool is_message = find_any(value, {"messages", "choices", "input", "output", "content"}) != nullptr;
  const Json* body = is_message ? nullptr : find(value, "body");
  return body != nullptr ? unquoted(*body) : value;
}

/// An event of a stream, as the APIs send them one by one.
bool is_event(const Json& value) {
  if (text_at(value, "object") == "chat.completion.chunk") return true;
  const std::string type = text_at(value, "type");
  if (type.starts_with("response.") || type.starts_with("message_") || type.starts_with("content_block_")) return true;
  const Json* choices = find(value, "choices");
  return choices != nullptr && choices->is_array() && !choices->empty() && find(choices->front(), "delta") != nullptr;
}

/// The events of a streamed answer as the stream they came in; absent where the answer is none.
std::optional<std::string> stream_of(const Json& response) {
  const Json* kept = find_any(response, {"streamed_data", "streamedData"});
  const Json value = kept != nullptr ? unquoted(*kept) : response;
  if (value.is_string() && is_event_text(value.get_ref<const std::string&>())) return value.get<std::string>();
  const Json events = is_event(value) ? Json::array({value}) : value;
  if (!events.is_array() || events.empty() || !is_event(events.front())) return std::nullopt;
  std::string stream;
  for (const Json& event : events) {
    const std::string type = text_at(event, "type");
    if (!type.empty()) stream += "event: " + type + "\n";
    stream += "data: " + to_text(event) + "\n\n";
  }
  return stream;
}

Dialect dialect_of(const Json& request, const Json& response, const std::string& stream) {
  const bool has_messages = find(request, "messages") != nullptr;
  const bool is_responses = text_at(response, "object") == "response" || stream.find("\"response.") < 200;
  if (is_responses || (!has_messages && find(request, "input") != nullptr)) return Dialect::kResponses;
  const Json* content = find(response, "content");
  const bool is_message = text_at(response, "type") == "message" && content != nullptr && content->is_array();
  if (is_message || stream.find("message_start") < 200) return Dialect::kMessages;
  if (!has_messages && find(request, "prompt") != nullptr) return Dialect::kCompletions;
  return Dialect::kChatCompletions;
}

Status read_stream(const std::string& stream, Dialect dialect, Draft& draft) {
  StreamRebuild rebuild(dialect);
  rebuild.add(stream);
  auto outcome = std::move(rebuild).finish(false);
  draft.response = std::move(outcome.response);
  draft.provenance.ending = outcome.ending;
  if (codec::list_at(Json::parse(draft.response, nullptr, false), "choices").empty()) {
    return invalid_argument("a streamed answer from which no answer can be rebuilt");
  }
  return {};
}

}  // namespace

bool is_event_text(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  return text.starts_with("data:") || text.starts_with("event:") || text.starts_with(": ") || text.starts_with("id:");
}

CallReader reader_of_other_api(const Json& request, const Json& response) {
  const Json& answer = response.is_array() && !response.empty() ? response.front() : response;
  if (find(request, "contents") != nullptr || find(answer, "candidates") != nullptr) return draft_of_gemini;
  if (find(answer, "stopReason") != nullptr || find(request, "inferenceConfig") != nullptr) return draft_of_converse;
  return find(answer, "done") != nullptr ? draft_of_ollama : nullptr;
}

bool is_other_call(std::string_view request, std::string_view response) {
  const auto has = [](std::string_view text, std::string_view key) { return text.find(key) != std::string_view::npos; };
  return !has(request, "\"messages\"") || !has(response, "\"choices\"") || has(response, "chat.completion.chunk") ||
         has(request, "\"body\"");
}

Result<Draft> draft_of_call(const Json& request, const Json& response, const std::string& what) {
  const Json asked = body_of(request);
  const Json answered = body_of(response);
  if (is_failed(unquoted(response)) || find(answered, "error") != nullptr)
    return invalid_argument(what + " that failed (its status, or an error in place of the answer)");
  if (!asked.is_object()) return invalid_argument(what + " whose request is not an object");
  if (const CallReader read = reader_of_other_api(asked, answered)) return read(asked, answered);
  const auto stream = stream_of(answered);
  const Dialect dialect = dialect_of(asked, answered, stream.value_or(""));
  // `input` alone is also what embeddings and moderations are asked with.
  if (dialect == Dialect::kResponses && !stream && find(answered, "output") == nullptr)
    return invalid_argument(what + " that is no chat completion (an embedding, a moderation)");
  Draft draft;
  FW_ASSIGN(draft.request, as_chat_request(dialect, to_text(asked)));
  if (stream) {
    FW_TRY(read_stream(*stream, dialect, draft));
  } else if (!answered.is_object()) {
    return invalid_argument(what + " whose response is not an object");
  } else {
    FW_ASSIGN(draft.response, as_chat_response(dialect, to_text(answered)));
  }
  Json shaped = Json::parse(draft.request, nullptr, false);
  const Json* messages = find(shaped, "messages");
  if (messages == nullptr || !messages->is_array() ||
      find(Json::parse(draft.response, nullptr, false), "choices") == nullptr) {
    return invalid_argument(what + " that is no chat completion");
  }
  if (is_plain_chat(*messages)) return draft;
  FW_ASSIGN(Json list, chat_messages(*messages));
  shaped["messages"] = std::move(list);
  draft.request = to_text(shaped);
  return draft;
}

}  // namespace fw::capture
