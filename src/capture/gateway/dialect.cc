#include "capture/gateway/dialect.h"

namespace fw::capture {

std::optional<Dialect> dialect_of(net::Method method, std::string_view path) {
  if (method != net::Method::kPost) return std::nullopt;
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path == "/v1/chat/completions") return Dialect::kChatCompletions;
  if (path == "/v1/completions") return Dialect::kCompletions;
  if (path == "/v1/responses") return Dialect::kResponses;
  if (path == "/v1/messages") return Dialect::kMessages;
  return std::nullopt;
}

std::string_view to_string(Dialect dialect) {
  switch (dialect) {
    case Dialect::kChatCompletions: return "chat_completions";
    case Dialect::kCompletions: return "completions";
    case Dialect::kResponses: return "responses";
    case Dialect::kMessages: return "messages";
  }
  return "";
}

}  // namespace fw::capture
