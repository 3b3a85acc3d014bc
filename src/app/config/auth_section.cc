#include <algorithm>
#include <array>
#include <map>

#include "app/config/sections.h"
#include "auth/person.h"
#include "net/http.h"

namespace fw::app {
namespace {

constexpr const char* kRoles = "viewer, reviewer, operator or admin";

/// What clients write themselves, so that no proxy names anybody in it.
constexpr std::array<std::string_view, 14> kOthers{"Accept",
                                                   "Authorization",
                                                   "Connection",
                                                   "Content-Length",
                                                   "Content-Type",
                                                   "Cookie",
                                                   "Host",
                                                   "Origin",
                                                   "Referer",
                                                   "Proxy-Authorization",
                                                   "Sec-Fetch-Site",
                                                   "User-Agent",
                                                   "Transfer-Encoding",
                                                   "X-Flywheel-Key"};

void check_header(YamlSection& section, const std::string& header) {
  const auto is_it = [&](std::string_view other) { return net::equals_ignoring_case(header, other); };
  if (!header.empty() && !is_header_name(header)) {
    section.error("proxy_header", '"' + header + "\" is no name of a header");
  } else if (std::ranges::any_of(kOthers, is_it)) {
    section.error("proxy_header", header +
                                      " says something else, and clients write it; name a header of the proxy's own, "
                                      "such as X-Forwarded-User");
  }
}

std::optional<auth::Role> checked_role(YamlSection& section, const char* key, const std::string& name) {
  const auto role = auth::role_of(name);
  if (!role) section.error(key, '"' + name + "\" is no role; it is one of " + kRoles);
  return role;
}

void read_proxy(YamlSection& section, auth::ProxySettings& proxy) {
  section.read("proxy_header", proxy.header);
  check_header(section, proxy.header);
  section.read_list("allowed", proxy.addresses);
  for (const std::string& address : proxy.addresses) {
    if (!is_address(address)) section.error("allowed", '"' + address + "\" is no IP address");
  }
  std::string role;
  section.read("role", role);
  if (!role.empty()) proxy.role = checked_role(section, "role", role);
  std::vector<std::pair<std::string, std::string>> roles;
  section.read_texts("roles", roles);
  std::map<std::string, std::string> seen;  // how each person is spelled
  for (const auto& [person, name] : roles) {
    if (const auto [other, is_new] = seen.emplace(auth::person_key(person), person); !is_new) {
      section.error("roles", '"' + other->second + "\" and \"" + person +
                                 "\" are taken for one person; name them once, as the proxy spells the name");
    }
    if (const auto known = checked_role(section, "roles", name)) proxy.roles[person] = *known;
  }
  if (!proxy.is_on()) {
    for (const char* key : {"allowed", "role", "roles"}) {
      if (section.has(key)) section.error(key, "is about a reverse proxy; proxy_header names the header it writes");
    }
  } else if (proxy.addresses.empty()) {
    section.error("allowed", "is missing: the addresses of the reverse proxy; anybody else could write its header");
  } else if (!proxy.role && proxy.roles.empty()) {
    section.error("role", std::string("is missing: what whoever the proxy names may do: ") + kRoles);
  }
}

}  // namespace

void read_auth(YamlSection& root, auth::Settings& auth) {
  auto section = root.section("auth");
  if (!section) return;
  read_proxy(*section, auth.proxy);
  double minutes = to_seconds(auth.session_idle) / 60;
  section->read("session_idle_minutes", minutes, 1, 24.0 * 60);
  auth.session_idle = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(60 * minutes));
  section->finish();
}

}  // namespace fw::app
