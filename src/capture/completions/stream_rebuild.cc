// Stand-in until the real one lands.
#include "capture/completions/stream_rebuild.h"

#include <nlohmann/json.hpp>

#include "net/sse.h"

namespace fw::capture {

using Json = nlohmann::ordered_json;

class StreamRebuild::Impl {
 public:
  void add(std::string_view bytes) {
    auto events = reader.push(bytes);
    if (!events.ok()) return;
    for (const auto& event : *events) take(event.data);
  }
  void take(const std::string& data) {
    if (data == "[DONE]") {
      done = true;
      return;
    }
    const auto json = Json::parse(data, nullptr, false);
    if (!json.is_object()) return;
    if (json.contains("model") && json["model"].is_string()) model = json["model"];
    if (json.contains("usage") && json["usage"].is_object()) usage = json["usage"];
    if (json.contains("error")) error = json["error"];
    if (!json.contains("choices")) return;
    for (const auto& choice : json["choices"]) {
      const auto delta = choice.value("delta", Json::object());
      if (delta.contains("content") && delta["content"].is_string()) text += delta["content"].get<std::string>();
      if (choice.contains("finish_reason") && choice["finish_reason"].is_string()) finish_reason = choice["finish_reason"];
    }
  }
  net::SseReader reader;
  std::string text, model, finish_reason;
  Json usage, error;
  bool done = false;
};

StreamRebuild::StreamRebuild(Dialect, std::size_t) : impl_(std::make_unique<Impl>()) {}
StreamRebuild::~StreamRebuild() = default;
StreamRebuild::StreamRebuild(StreamRebuild&&) noexcept = default;
StreamRebuild& StreamRebuild::operator=(StreamRebuild&&) noexcept = default;
void StreamRebuild::add(std::string_view bytes) { impl_->add(bytes); }

StreamRebuild::Outcome StreamRebuild::finish(bool client_gone) && {
  Outcome out;
  Json body{{"object", "chat.completion"},
            {"model", impl_->model},
            {"choices", Json::array({{{"index", 0},
                                      {"message", {{"role", "assistant"}, {"content", impl_->text}}},
                                      {"finish_reason", impl_->finish_reason}}})}};
  if (!impl_->usage.is_null()) body["usage"] = impl_->usage;
  if (!impl_->error.is_null()) body["error"] = impl_->error;
  out.response = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  out.model = impl_->model;
  out.has_usage = !impl_->usage.is_null();
  out.ending = !impl_->error.is_null()                               ? record::Ending::kRefused
               : impl_->done || !impl_->finish_reason.empty() ? record::Ending::kFinished
               : client_gone                                         ? record::Ending::kClientGone
                                                                     : record::Ending::kUpstreamDied;
  return out;
}

Result<std::string> as_chat_request(Dialect, std::string_view body) { return std::string(body); }
Result<std::string> as_chat_response(Dialect, std::string_view body) {
  if (!Json::parse(body, nullptr, false).is_object()) return invalid_argument("is no JSON object");
  return std::string(body);
}

}  // namespace fw::capture
