#include "api/audit_deliveries.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "capture/timestamp.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 3> kStatusNames{"pending", "delivered", "failed"};

Result<Timestamp> time_of(const Json& text) {
  const auto time = capture::parse_timestamp(text.get<std::string>());
  if (!time) return data_loss("a time of a delivery is none");
  return *time;
}

}  // namespace

Json to_json(const AuditDelivery& delivery) {
  Json attempts = Json::array();
  for (const auto& a : delivery.attempts) {
    attempts.push_back({{"at", to_iso8601(a.at)}, {"status", a.http_status}, {"error", a.error}});
  }
  return {{"id", "audit-" + std::to_string(delivery.entry)},
          {"url", delivery.url},
          {"entry", delivery.entry},
          {"event", delivery.event},
          {"subject", delivery.subject},
          {"status", kStatusNames.at(static_cast<std::size_t>(delivery.status))},
          {"attempts", std::move(attempts)},
          {"next_attempt_at", delivery.next_at ? Json(to_iso8601(*delivery.next_at)) : Json(nullptr)}};
}

Result<AuditDelivery> audit_delivery_of(const Json& json) {
  try {
    AuditDelivery out{
        .url = json.at("url"), .entry = json.at("entry"), .event = json.at("event"), .subject = json.at("subject")};
    const auto* const status = std::ranges::find(kStatusNames, json.at("status").get<std::string>());
    if (status == kStatusNames.end()) return data_loss("a delivery has no status");
    out.status = static_cast<AuditDelivery::Status>(status - kStatusNames.begin());
    for (const Json& a : json.at("attempts")) {
      FW_ASSIGN(const Timestamp at, time_of(a.at("at")));
      out.attempts.push_back({at, a.at("status").get<int>(), a.at("error").get<std::string>()});
    }
    if (const Json& next = json.at("next_attempt_at"); !next.is_null()) {
      FW_ASSIGN(out.next_at, time_of(next));
    }
    return out;
  } catch (const Json::exception&) {
    return data_loss("a delivery is not what flywheel wrote");
  }
}

void AuditDeliveriesResource::add_to(net::Router& router) {
  router.on(net::Method::kGet, "/api/audit/deliveries", [this](net::Call) -> Task<Result<net::Response>> {
    Json list = Json::array();
    for (const auto& delivery : recent_()) list.push_back(to_json(delivery));
    co_return net::json_response(
        200, Json{{"deliveries", std::move(list)}}.dump(-1, ' ', false, Json::error_handler_t::replace));
  });
}

}  // namespace fw::api
