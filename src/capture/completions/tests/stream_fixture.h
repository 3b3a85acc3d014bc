#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "capture/completions/stream_rebuild.h"

namespace fw::capture {

using nlohmann::json;

inline std::string event(std::string_view data) { return "data: " + std::string(data) + "\n\n"; }

/// One chunk's event, with one choice.
inline std::string delta(const std::string& inner, const std::string& finish = "null", int index = 0) {
  return event(R"({"id":"chatcmpl-7","object":"chat.completion.chunk","created":1732460000,"model":"big-1","choices":[)"
               R"({"index":)" +
               std::to_string(index) + R"(,"delta":)" + inner + R"(,"finish_reason":)" + finish + "}]}");
}
inline std::string call(const std::string& piece) { return delta(R"({"tool_calls":[)" + piece + "]}"); }
inline const std::string kDone = event("[DONE]");
inline const std::string kStop = delta("{}", "\"stop\"");

struct Rebuilt {
  StreamRebuild::Outcome outcome;
  json response;

  [[nodiscard]] json message(std::size_t choice = 0) const { return response["choices"][choice]["message"]; }
  [[nodiscard]] json function(std::size_t number) const { return message()["tool_calls"][number]["function"]; }
};

inline Rebuilt rebuilt(std::string_view stream, bool client_gone = false, Dialect dialect = Dialect::kChatCompletions,
                       std::size_t piece = std::string_view::npos, std::size_t limit = std::size_t{32} << 20) {
  StreamRebuild rebuild(dialect, limit);
  for (std::size_t at = 0; at < stream.size(); at += std::min(piece, stream.size() - at)) {
    rebuild.add(stream.substr(at, piece));
  }
  Rebuilt out{std::move(rebuild).finish(client_gone), {}};
  out.response = json::parse(out.outcome.response);
  return out;
}

}  // namespace fw::capture
