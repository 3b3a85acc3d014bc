#include "api/routes.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/access.h"
#include "base/hash.h"
#include "io/file.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSubject = "routes";
constexpr const char* kAction = "routes.set";

Error no_gateway() { return not_found("there is no gateway: the configuration has no gateway.upstreams"); }

std::string digest_of(const Json& details) {
  return details.is_object() && details.contains("digest") && details["digest"].is_string()
             ? details["digest"].get<std::string>()
             : "";
}

}  // namespace

Status note_routes(audit::AuditLog& log, const capture::RouteTable& table, std::string person, std::string reason) {
  const Json details{{"routes", table.routes().size()}, {"digest", sha256_hex(table.to_json())}};
  FW_ASSIGN([[maybe_unused]] const auto entry,
            log.append({std::move(person), kAction, kSubject, std::move(reason), details.dump()}));
  return {};
}

bool are_new_routes(const audit::AuditLog& log, const capture::RouteTable& table) {
  const auto last = log.newest(UINT64_MAX, 1, kSubject);
  if (last.empty()) return !table.routes().empty();
  return digest_of(Json::parse(last.front().event.details, nullptr, false)) != sha256_hex(table.to_json());
}

Json noted_routes(const audit::AuditLog& log, Timestamp from, Timestamp to) {
  Json list = Json::array();
  for (const auto& entry : log.newest(UINT64_MAX, SIZE_MAX, kSubject)) {
    if (entry.at > to) continue;
    const Json details = Json::parse(entry.event.details, nullptr, false);
    list.push_back({{"at", to_iso8601(entry.at)},
                    {"person", entry.event.person},
                    {"reason", entry.event.reason},
                    {"routes", details.is_object() ? details.value("routes", Json()) : Json()},
                    {"digest", digest_of(details)}});
    if (entry.at <= from) break;  // held at the beginning
  }
  std::ranges::reverse(list);
  return list;
}

void RoutesResource::add_to(net::Router& router) {
  router.on(net::Method::kGet, "/api/routes", [this](net::Call call) { return get(std::move(call)); });
  router.on(net::Method::kPut, "/api/routes", [this](net::Call call) { return put(std::move(call)); });
}

Task<Result<net::Response>> RoutesResource::get(net::Call) {
  if (gateway_ == nullptr) co_return no_gateway();
  co_return net::json_response(200, gateway_->routes()->to_json());
}

Task<Result<net::Response>> RoutesResource::put(net::Call call) {
  if (gateway_ == nullptr) co_return no_gateway();
  FW_CO_ASSIGN(auto routes, capture::RouteTable::parse(call.request.body));
  FW_CO_ASSIGN(const auto table, capture::RouteTable::make(routes, gateway_->settings().upstreams));
  const std::string json = table->to_json();
  const std::string person = person_of(call, "whoever reaches the control API");
  // On disk first: what was answered holds after a restart too.
  FW_CO_TRY(co_await run_on(disk_, [&]() -> Status {
    if (audit_ != nullptr) FW_TRY(note_routes(*audit_, *table, person, "PUT /api/routes"));
    return io::write_file_atomically(file_, json);
  }));
  FW_CO_TRY(gateway_->set_routes(std::move(routes)));
  co_return net::json_response(200, json);
}

}  // namespace fw::api
