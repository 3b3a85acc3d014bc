#include "capture/impl/batch_pairs.h"

#include "capture/formats/impl/chat_shape.h"
#include "capture/formats/impl/logged_call.h"

namespace fw::capture {
namespace {

using codec::JsonKind;

constexpr const char* kNoRequest =
    "a batch's result without its request (load both at once: flywheel load INPUT OUTPUT)";
constexpr const char* kNoResult = "a batch's request without a result that can be used";

Result<std::string> id_of(const Document& document, codec::JsonSlicer& slicer) {
  auto id = text_of(*document.find("custom_id"), slicer);
  if (!id.ok()) return invalid_argument("custom_id is not a string");
  return id;
}

std::string text_of_url(const Document& document, codec::JsonSlicer& slicer) {
  const auto* url = document.find("url");
  return url == nullptr ? "" : text_of(*url, slicer).value_or("");
}

/// Chat completions keep their bytes.
Result<Draft> draft_of(const std::string& request, const std::string& response) {
  if (!is_other_call(request, response)) return Draft{.request = request, .response = response};
  return draft_of_call(Json::parse(request, nullptr, false), Json::parse(response, nullptr, false), "a batch's call");
}

}  // namespace

bool BatchPairs::is_request(const Document& document) {
  return document.has("custom_id") && (document.has("body") || document.has("params"));
}

bool BatchPairs::is_result(const Document& document, codec::JsonSlicer& slicer) {
  if (!document.has("custom_id") || document.has("request")) return false;
  if (const auto* result = document.find("result")) return result->kind == JsonKind::kObject;
  const auto* response = document.find("response");
  if (response == nullptr) return document.has("error");
  if (response->kind != JsonKind::kObject) return false;
  const auto members = slicer.members(response->raw);
  return members.ok() && Document{response->raw, *members}.has("body");
}

Result<std::optional<Draft>> BatchPairs::take_request(const Document& document, const codec::JsonDocument& source,
                                                      codec::JsonSlicer& slicer) {
  FW_ASSIGN(const std::string id, id_of(document, slicer));
  const auto* body = document.find(document.has("body") ? "body" : "params");
  const auto members = slicer.members(body->raw);
  if (!members.ok()) return invalid_argument("a batch's request without an object for its body");
  const Document request{body->raw, *members};
  const bool is_embedding =
      request.has("input") && text_of_url(document, slicer).find("embeddings") != std::string::npos;
  if (is_embedding || !(request.has("messages") || request.has("input") || request.has("prompt")))
    return invalid_argument("a batch's request that asks for no text (embeddings, moderation)");
  return join(requests_, results_, id, {std::string(source.bytes), std::string(body->raw), source.line, {}}, true);
}

Result<std::optional<Draft>> BatchPairs::take_result(const Document& document, const codec::JsonDocument& source,
                                                     codec::JsonSlicer& slicer) {
  FW_ASSIGN(const std::string id, id_of(document, slicer));
  const auto* written = document.find(document.has("result") ? "result" : "response");
  const Json response = written != nullptr ? json_of(*written) : Json();
  const Json* body = find_any(response, {"body", "message"});
  const bool is_failed = body == nullptr || document.has("error") || find(*body, "error") != nullptr;
  if (is_failed) return invalid_argument("a batch's result that failed (an error, expired or cancelled)");
  if (find_any(*body, {"choices", "output", "content"}) == nullptr) {
    return invalid_argument("a batch's result without an answer's text");
  }
  const std::optional<Timestamp> created = time_at(*body, {"created", "created_at"});
  return join(results_, requests_, id, {std::string(source.bytes), to_text(*body), source.line, created}, false);
}

Result<std::optional<Draft>> BatchPairs::join(Halves& mine, Halves& others, const std::string& id, Half half,
                                              bool is_request) {
  const auto other = others.find(id);
  if (other == others.end()) {
    bytes_ += half.text.size() + half.body.size();
    if (bytes_ > kMaxBytes) return invalid_argument(is_request ? kNoResult : kNoRequest);
    const bool is_new = mine.emplace(id, std::move(half)).second;
    if (!is_new) return invalid_argument("a batch's line whose custom_id came before");
    return std::optional<Draft>();
  }
  const Half& request = is_request ? half : other->second;
  const Half& result = is_request ? other->second : half;
  auto draft = draft_of(request.body, result.body);
  if (draft.ok()) {
    draft->timestamp = result.created;
    draft->identity = identity_of(*draft);
  }
  bytes_ -= other->second.text.size() + other->second.body.size();
  others.erase(other);
  if (!draft.ok()) return draft.error();
  return std::optional(std::move(draft).value());
}

void BatchPairs::finish(RecordSink& sink) {
  for (const auto& [halves, reason] : {std::pair(&requests_, kNoResult), std::pair(&results_, kNoRequest)}) {
    for (const auto& [id, half] : *halves) {
      sink.refuse({.bytes = half.text, .line = half.line, .length = half.text.size()}, reason);
    }
    halves->clear();
  }
}

}  // namespace fw::capture
