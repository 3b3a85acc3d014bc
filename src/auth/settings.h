#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "auth/key.h"

namespace fw::auth {

/// A reverse proxy that signs people in and names them in a header: it is believed where its address is one of these.
struct ProxySettings {
  std::string header;                  ///< empty: there is none
  std::vector<std::string> addresses;  ///< IP addresses of the proxy
  std::optional<Role> role;            ///< of whoever it names; absent: only those in `roles` are let in
  std::map<std::string, Role> roles;   ///< by the name in the header, spelled exactly so

  [[nodiscard]] bool is_on() const { return !header.empty(); }
};

/// Who may use the control API and the pages.
struct Settings {
  ProxySettings proxy;
  Duration session_idle = std::chrono::minutes(30);  ///< after which somebody who signed in at the pages is signed out
};

}  // namespace fw::auth
