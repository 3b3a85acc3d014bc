#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace fw::auth {

/// The listeners of a service that a key may be good for.
enum class ListenerName : std::uint8_t { kGateway, kElasticsearch, kOtlp, kControl };
inline constexpr std::size_t kListeners = 4;

/// What somebody may do at the control API; each role may do what those before it may.
enum class Role : std::uint8_t {
  kViewer,    ///< reads
  kReviewer,  ///< judges answers that differ, signs and rejects proposals
  kOperator,  ///< loads traffic, starts runs, proposes and moves promotions
  kAdmin,     ///< makes keys, changes routes, exports the audit log
};

/// 0: no limit.
struct Limits {
  double requests_per_second = 0;
  double bytes_per_second = 0;     ///< of requests and answers together
  std::uint64_t open_streams = 0;  ///< requests at a time; a stream counts until its last byte

  friend bool operator==(const Limits&, const Limits&) = default;
};

/// All that is known of a key but its secret.
struct Key {
  std::string id;      ///< public: stands in records, metrics and logs
  std::string name;    ///< of the person or program; of who acts, in reviews, promotions and the audit log
  std::string tenant;  ///< client id of all traffic that comes in with it; empty: the traffic says
  Role role = Role::kViewer;
  std::vector<ListenerName> listeners;
  std::vector<std::string> workloads;  ///< that traffic may be of; empty: any
  Limits limits;
  Timestamp created_at{};
  std::string created_by;
  std::optional<Timestamp> last_used{};
  std::optional<Timestamp> revoked_at{};

  [[nodiscard]] bool is_for(ListenerName listener) const;
  /// Whose share of what callers share it takes: that of all keys of its tenant, else one of its own.
  [[nodiscard]] const std::string& sharer() const { return tenant.empty() ? id : tenant; }
};

[[nodiscard]] std::string_view to_string(ListenerName listener);
[[nodiscard]] std::string_view to_string(Role role);
[[nodiscard]] std::optional<ListenerName> listener_of(std::string_view name);
[[nodiscard]] std::optional<Role> role_of(std::string_view name);

/// Whether such a key can be made: a name, listeners, limits that are none or positive. One for the control API sees
/// the traffic of all clients, so it has no tenant and no workloads of its own.
[[nodiscard]] Status check(const Key& key);

/// As the API shows it. Reading takes what a person decides (`name` to `limits`); kInvalidArgument names the field.
[[nodiscard]] nlohmann::ordered_json to_json(const Key& key);
[[nodiscard]] Result<Key> key_of_json(const nlohmann::ordered_json& json);

}  // namespace fw::auth
