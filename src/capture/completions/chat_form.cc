#include <algorithm>

#include "capture/completions/impl/dialect_reader.h"
#include "capture/completions/impl/escaped.h"
#include "capture/completions/impl/forms.h"
#include "capture/completions/stream_rebuild.h"
#include "capture/formats/impl/chat_shape.h"
#include "codec/json_slicer.h"

namespace fw::capture {

void RequestDraft::note(const std::string& what) {
  constexpr std::size_t kMost = 16;
  if (unmapped.size() == kMost || std::ranges::find(unmapped, what) != unmapped.end()) return;
  unmapped.push_back(what.substr(0, 200));
}

void RequestDraft::rename(Json& body, const char* from, const char* to) {
  const auto found = body.find(from);
  if (found == body.end()) return;
  if (!found->is_null()) fields[to] = std::move(*found);
  body.erase(from);
}

namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

std::string_view name_of(Dialect dialect) {
  switch (dialect) {
    case Dialect::kCompletions: return "completions";
    case Dialect::kResponses: return "responses";
    case Dialect::kMessages: return "messages";
    default: return "chat";
  }
}

/// The body as a tree of a depth that recursion stands.
Result<Json> object_of(std::string_view body) {
  codec::JsonSlicer slicer;
  const auto members = slicer.members(body);
  if (!members.ok()) return members.error();
  return Json::parse(body, nullptr, false);
}

Result<RequestDraft> request_of_completions(Json body) {
  RequestDraft out;
  const Json* prompt = find(body, "prompt");
  if (prompt != nullptr && prompt->is_array() && prompt->size() == 1 && prompt->front().is_string()) {
    prompt = &prompt->front();
  }
  if (prompt == nullptr) return invalid_argument("a request of /v1/completions without a prompt");
  if (!prompt->is_string()) {
    return unimplemented("several prompts, or prompts of token ids, have no place in one chat completion");
  }
  out.messages.push_back({{"role", "user"}, {"content", *prompt}});
  body.erase("prompt");
  if (const Json* count = find(body, "logprobs"); count != nullptr && count->is_number()) {
    out.fields["logprobs"] = true;
    out.fields["top_logprobs"] = *count;
    body.erase("logprobs");
  }
  for (auto& [name, value] : body.items()) out.fields[name] = std::move(value);
  return out;
}

std::string text_of_draft(RequestDraft draft, std::string_view dialect) {
  Json out = Json::object();
  if (const auto model = draft.fields.find("model"); model != draft.fields.end()) out["model"] = *model;
  out["messages"] = std::move(draft.messages);
  for (auto& [name, value] : draft.fields.items()) {
    if (!out.contains(name)) out[name] = std::move(value);
  }
  out["flywheel"] = {{"dialect", dialect}};
  if (!draft.unmapped.empty()) out["flywheel"]["not_mapped"] = draft.unmapped;
  return to_text(out);
}

}  // namespace

Result<std::string> as_chat_request(Dialect dialect, std::string_view body) {
  FW_ASSIGN(Json json, object_of(body));
  switch (dialect) {
    case Dialect::kCompletions: {
      FW_ASSIGN(auto draft, request_of_completions(std::move(json)));
      return text_of_draft(std::move(draft), name_of(dialect));
    }
    case Dialect::kMessages: {
      if (find(json, "messages") == nullptr) return invalid_argument("a request of /v1/messages without messages");
      return text_of_draft(request_of_messages(std::move(json)), name_of(dialect));
    }
    case Dialect::kResponses: return text_of_draft(request_of_responses(std::move(json)), name_of(dialect));
    default: return std::string(body);
  }
}

Result<std::string> as_chat_response(Dialect dialect, std::string_view body) {
  FW_ASSIGN(const Json json, object_of(body));
  if (dialect == Dialect::kChatCompletions) return std::string(body);
  Answer answer(kMaxBytes);
  answer.set_dialect(name_of(dialect));
  if (const Json* error = find(json, "error")) answer.set_error(to_text(*error));
  if (dialect == Dialect::kCompletions) {
    chat_reader()->read({.event = "", .data = std::string(body), .id = ""}, answer);
  } else if (dialect == Dialect::kMessages) {
    read_message_head(json, answer);
  } else {
    read_response_head(json, answer);
    std::int64_t number = 0;
    if (const Json* output = find(json, "output"); output != nullptr && output->is_array()) {
      for (const Json& item : *output) read_response_item(item, number++, answer);
    }
    read_response_end(json, answer);
  }
  return answer.json();
}

std::string with_whole_characters(std::string_view json) {
  return with_whole_surrogates(Json::parse(to_text(Json(json))).get<std::string>());
}

}  // namespace fw::capture
