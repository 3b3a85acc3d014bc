#include "capture/impl/batch_pairs.h"

#include "capture/formats/impl/chat_shape.h"

namespace fw::capture {
namespace {

using codec::JsonKind;

constexpr const char* kNoRequest =
    "an OpenAI batch result without its request (load both in one stream: cat INPUT OUTPUT | flywheel load -)";
constexpr const char* kNoResult = "an OpenAI batch request without a result that can be used";

Result<std::string> id_of(const Document& document, codec::JsonSlicer& slicer) {
  auto id = text_of(*document.find("custom_id"), slicer);
  if (!id.ok()) return invalid_argument("custom_id is not a string");
  return id;
}

}  // namespace

bool BatchPairs::is_request(const Document& document, codec::JsonSlicer&) {
  return document.has("custom_id") && document.has("body");
}

bool BatchPairs::is_result(const Document& document, codec::JsonSlicer& slicer) {
  if (!document.has("custom_id") || document.has("request")) return false;
  const auto* response = document.find("response");
  if (response == nullptr) return document.has("error");
  if (response->kind != JsonKind::kObject) return false;
  const auto members = slicer.members(response->raw);
  return members.ok() && Document{response->raw, *members}.has("body");
}

Result<std::optional<Draft>> BatchPairs::take_request(const Document& document, const codec::JsonDocument& source,
                                                      codec::JsonSlicer& slicer) {
  FW_ASSIGN(const std::string id, id_of(document, slicer));
  const auto* body = document.find("body");
  const auto members = slicer.members(body->raw);
  if (!members.ok() || !Document{body->raw, *members}.has("messages")) {
    return invalid_argument("an OpenAI batch request that is no chat completion");
  }
  return join(requests_, results_, id, {std::string(source.bytes), std::string(body->raw), source.line, {}}, true);
}

Result<std::optional<Draft>> BatchPairs::take_result(const Document& document, const codec::JsonDocument& source,
                                                     codec::JsonSlicer& slicer) {
  FW_ASSIGN(const std::string id, id_of(document, slicer));
  const auto* written = document.find("response");
  if (written == nullptr || document.has("error"))
    return invalid_argument("an OpenAI batch result that failed (error)");
  const Json response = json_of(*written);
  const Json* body = find(response, "body");
  if (body == nullptr || find(*body, "choices") == nullptr) {
    return invalid_argument("an OpenAI batch result without choices");
  }
  const std::optional<Timestamp> created = time_at(*body, {"created"});
  return join(results_, requests_, id, {std::string(source.bytes), to_text(*body), source.line, created}, false);
}

Result<std::optional<Draft>> BatchPairs::join(Halves& mine, Halves& others, const std::string& id, Half half,
                                              bool is_request) {
  const auto other = others.find(id);
  if (other == others.end()) {
    bytes_ += half.text.size() + half.body.size();
    if (bytes_ > kMaxBytes) return invalid_argument(is_request ? kNoResult : kNoRequest);
    const bool is_new = mine.emplace(id, std::move(half)).second;
    if (!is_new) return invalid_argument("an OpenAI batch line whose custom_id came before");
    return std::optional<Draft>();
  }
  const Half& request = is_request ? half : other->second;
  const Half& result = is_request ? other->second : half;
  Draft draft{.request = request.body, .response = result.body, .timestamp = result.created};
  draft.identity = identity_of(draft);
  bytes_ -= other->second.text.size() + other->second.body.size();
  others.erase(other);
  return std::optional(std::move(draft));
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
