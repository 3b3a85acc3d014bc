#include "auth/key.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "auth/person.h"

namespace fw::auth {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, kListeners> kListenerNames{"gateway", "elasticsearch", "otlp", "control"};
constexpr std::array<std::string_view, 4> kRoles{"viewer", "reviewer", "operator", "admin"};
constexpr std::size_t kMostBytes = 100;  // of a name
constexpr std::size_t kMostWorkloads = 1000;
constexpr std::size_t kMostWorkloadBytes = 256;

template <class Enum, std::size_t N>
std::optional<Enum> named(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

bool is_name(std::string_view text, std::size_t most) {
  return text.size() <= most && std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

bool is_limit(double value) { return std::isfinite(value) && value >= 0 && value <= 1e15; }

Result<std::string> text_of(const Json& json, const char* field) {
  const auto found = json.find(field);
  if (found == json.end() || found->is_null()) return std::string();
  if (!found->is_string()) return invalid_argument(std::string(field) + " should be text");
  return found->get<std::string>();
}

Result<std::vector<std::string>> texts_of(const Json& json, const char* field) {
  std::vector<std::string> out;
  const auto found = json.find(field);
  if (found == json.end() || found->is_null()) return out;
  const bool are_texts =
      found->is_array() && std::ranges::all_of(*found, [](const Json& item) { return item.is_string(); });
  if (!are_texts) return invalid_argument(std::string(field) + " should be a list of texts");
  return found->get<std::vector<std::string>>();
}

Result<double> limit_of(const Json& limits, const char* field) {
  const auto found = limits.find(field);
  if (found == limits.end() || found->is_null()) return 0.0;
  if (!found->is_number() || !is_limit(found->get<double>())) {
    return invalid_argument(std::string(field) + " should be a number from 0, which is no limit");
  }
  return found->get<double>();
}

Result<Limits> limits_of(const Json& json) {
  Limits limits;
  const auto found = json.find("limits");
  if (found == json.end() || found->is_null()) return limits;
  if (!found->is_object()) return invalid_argument("limits should be an object");
  FW_ASSIGN(limits.requests_per_second, limit_of(*found, "requests_per_second"));
  FW_ASSIGN(limits.bytes_per_second, limit_of(*found, "bytes_per_second"));
  FW_ASSIGN(const double streams, limit_of(*found, "open_streams"));
  limits.open_streams = static_cast<std::uint64_t>(streams);
  return limits;
}

Json time_json(const std::optional<Timestamp>& time) { return time ? Json(to_iso8601(*time)) : Json(); }

}  // namespace

bool Key::is_for(ListenerName listener) const { return std::ranges::find(listeners, listener) != listeners.end(); }

std::string_view to_string(ListenerName listener) { return kListenerNames.at(static_cast<std::size_t>(listener)); }
std::string_view to_string(Role role) { return kRoles.at(static_cast<std::size_t>(role)); }
std::optional<ListenerName> listener_of(std::string_view name) { return named<ListenerName>(kListenerNames, name); }
std::optional<Role> role_of(std::string_view name) { return named<Role>(kRoles, name); }

Status check(const Key& key) {
  if (key.name.empty() || !is_name(key.name, kMostBytes)) {
    return invalid_argument(
        "name should be text of 1 to 100 bytes without control characters: who or what uses the key");
  }
  FW_TRY(check_person_name(key.name, "name"));
  if (!is_name(key.tenant, kMostWorkloadBytes)) {
    return invalid_argument("tenant should be a client id: at most 256 bytes without control characters");
  }
  if (key.listeners.empty()) {
    return invalid_argument("listeners is empty; name some of gateway, elasticsearch, otlp, control");
  }
  const bool are_workloads =
      key.workloads.size() <= kMostWorkloads && std::ranges::all_of(key.workloads, [](const std::string& workload) {
        return !workload.empty() && is_name(workload, kMostWorkloadBytes);
      });
  if (!are_workloads) return invalid_argument("workloads should be at most 1,000 names of workloads");
  if (!is_limit(key.limits.requests_per_second) || !is_limit(key.limits.bytes_per_second)) {
    return invalid_argument("limits should be numbers from 0, which is no limit");
  }
  if (key.is_for(ListenerName::kControl) && (!key.tenant.empty() || !key.workloads.empty())) {
    return invalid_argument(
        "a key for the control API reads the traffic of all clients, so it has no tenant and no workloads; make two "
        "keys");
  }
  return {};
}

Json to_json(const Key& key) {
  Json listeners = Json::array();
  for (const ListenerName listener : key.listeners) listeners.push_back(to_string(listener));
  return {{"id", key.id},
          {"name", key.name},
          {"tenant", key.tenant},
          {"role", to_string(key.role)},
          {"listeners", std::move(listeners)},
          {"workloads", key.workloads},
          {"limits",
           {{"requests_per_second", key.limits.requests_per_second},
            {"bytes_per_second", key.limits.bytes_per_second},
            {"open_streams", key.limits.open_streams}}},
          {"created_at", to_iso8601(key.created_at)},
          {"created_by", key.created_by},
          {"last_used", time_json(key.last_used)},
          {"revoked_at", time_json(key.revoked_at)}};
}

Result<Key> key_of_json(const Json& json) {
  Key key;
  FW_ASSIGN(key.name, text_of(json, "name"));
  FW_ASSIGN(key.tenant, text_of(json, "tenant"));
  FW_ASSIGN(const std::string role, text_of(json, "role"));
  if (!role.empty()) {
    const auto known = role_of(role);
    if (!known) return invalid_argument("role should be viewer, reviewer, operator or admin");
    key.role = *known;
  }
  FW_ASSIGN(const auto listeners, texts_of(json, "listeners"));
  for (const auto& name : std::set<std::string>(listeners.begin(), listeners.end())) {
    const auto listener = listener_of(name);
    if (!listener) return invalid_argument("listeners should be some of gateway, elasticsearch, otlp, control");
    key.listeners.push_back(*listener);
  }
  std::ranges::sort(key.listeners);
  FW_ASSIGN(key.workloads, texts_of(json, "workloads"));
  FW_ASSIGN(key.limits, limits_of(json));
  FW_ASSIGN(key.created_by, text_of(json, "created_by"));
  return key;
}

}  // namespace fw::auth
