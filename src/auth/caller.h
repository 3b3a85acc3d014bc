#pragma once

#include <memory>
#include <string>
#include <vector>

#include "auth/key.h"
#include "net/router.h"

namespace fw::auth {

/// How it is known who calls.
enum class Via : std::uint8_t {
  kNothing,  ///< no key is asked for here: whoever reaches the listener may do everything
  kKey,
  kSession,  ///< signed in at the pages with a key
  kProxy,    ///< named by a reverse proxy
};

/// Who sent a request, as what stands in front of the handlers found out. A value; does not change.
class Caller final {
 public:
  Via via = Via::kNothing;
  std::string person;  ///< empty where nothing is known: then a request may say
  Role role = Role::kAdmin;
  std::string key_id;
  std::string tenant;                  ///< as Key
  std::vector<std::string> workloads;  ///< as Key

  [[nodiscard]] bool may_write(std::string_view workload) const;
  /// Reads and removes records of anybody: what a key that is bound to a tenant or to workloads may not.
  [[nodiscard]] bool sees_everything() const { return tenant.empty() && workloads.empty(); }
};

[[nodiscard]] Caller caller_with(const Key& key, Via via);
[[nodiscard]] std::string_view to_string(Via via);

/// Who stands behind a request: never nullptr. Of one that no guard looked at: nothing is known.
[[nodiscard]] const Caller& caller_of(const std::shared_ptr<const Caller>& caller);
[[nodiscard]] inline const Caller& caller_of(const net::IncomingRequest& request) { return caller_of(request.caller); }
[[nodiscard]] inline const Caller& caller_of(const net::Call& call) { return caller_of(call.caller); }

}  // namespace fw::auth
