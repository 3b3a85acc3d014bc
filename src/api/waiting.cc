#include "api/waiting.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace fw::api {

void add_waiting(nlohmann::ordered_json& body, const logstore::LogStore& log, Timestamp now) {
  const auto backlog = log.backlog();
  if (backlog.records == 0) return;
  nlohmann::ordered_json waiting{{"records", backlog.records}, {"oldest_seconds", nullptr}, {"reason", nullptr}};
  if (backlog.oldest) waiting["oldest_seconds"] = std::max(0.0, to_seconds(now - *backlog.oldest));
  if (!backlog.trouble.ok()) waiting["reason"] = backlog.trouble.error().message;
  body["waiting"] = std::move(waiting);
}

}  // namespace fw::api
