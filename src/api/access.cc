#include "api/access.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "auth/credentials.h"
#include "auth/person.h"
#include "auth/secret.h"

namespace fw::api {
namespace {

using auth::Caller;
using auth::Refusal;
using auth::Role;
using auth::Via;

constexpr std::size_t kRoom = 4096;  // requests at a time that keys share
constexpr Duration kErrorGrace = std::chrono::seconds(1);

/// What a path asks for, where it is not the rule: who reads is a viewer, who changes something an operator. The first
/// that fits counts.
struct PathRule {
  std::string_view prefix;
  std::string_view suffix;
  Role reads;
  Role writes;
};
constexpr std::array kRules{
    PathRule{"/api/keys", "", Role::kAdmin, Role::kAdmin},
    PathRule{"/api/audit", "", Role::kAdmin, Role::kAdmin},
    PathRule{"/api/routes", "", Role::kViewer, Role::kAdmin},
    PathRule{"/api/log/backups", "", Role::kAdmin, Role::kAdmin},
    PathRule{"/api/log/erasures", "", Role::kAdmin, Role::kAdmin},
    PathRule{"/api/log/verification", "", Role::kOperator, Role::kOperator},
    PathRule{"/api/reviews", "", Role::kViewer, Role::kReviewer},
    PathRule{"/api/feedback", "", Role::kViewer, Role::kReviewer},
    PathRule{"/api/promotions/", "/sign", Role::kViewer, Role::kReviewer},
    PathRule{"/api/promotions/", "/reject", Role::kViewer, Role::kReviewer},
};

bool changes_something(net::Method method) {
  return method != net::Method::kGet && method != net::Method::kHead && method != net::Method::kOptions;
}

bool is_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) &&
         (path.size() == folder.size() || folder.ends_with('/') || path[folder.size()] == '/');
}

/// `127.0.0.1:4711` is `127.0.0.1`, `[::1]:4711` is `::1`.
std::string_view address_of(std::string_view peer) {
  if (peer.starts_with('[')) return peer.substr(1, peer.find(']') - 1);
  return peer.substr(0, peer.rfind(':'));
}

/// As an IPv6 socket has it; nothing: it is none.
std::optional<std::array<unsigned char, 16>> place_of(std::string_view address) {
  const std::string text(address);
  std::array<unsigned char, 16> place{};
  if (::inet_pton(AF_INET6, text.c_str(), place.data()) == 1) return place;
  place = {};
  place[10] = place[11] = 0xff;
  if (::inet_pton(AF_INET, text.c_str(), place.data() + 12) == 1) return place;
  return std::nullopt;
}

std::string_view cookie_of(const net::Headers& headers) {
  std::string_view rest = headers.find("Cookie").value_or("");
  while (!rest.empty()) {
    const auto end = std::min(rest.find(';'), rest.size());
    std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.starts_with(kSessionCookie) && pair.substr(kSessionCookie.size()).starts_with('=')) {
      return pair.substr(kSessionCookie.size() + 1);
    }
  }
  return {};
}

/// An event stream connects again by itself.
auth::Sessions::Use use_by(const net::Headers& headers) {
  const bool is_background =
      headers.find(kBackgroundHeader) || headers.find("Accept").value_or("") == "text/event-stream";
  return is_background ? auth::Sessions::Use::kNone : auth::Sessions::Use::kByPerson;
}

net::Response response_of(const Refusal& refusal) {
  net::Response response = net::detail_response(refusal.status, refusal.message);
  if (refusal.status == 401) response.headers.set("WWW-Authenticate", "Bearer realm=\"flywheel\"");
  if (refusal.status == 429) response.headers.set("Retry-After", refusal.retry_after());
  return response;
}

}  // namespace

std::optional<Role> needed_role(net::Method method, std::string_view path) {
  // As the router does.
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const bool is_api = is_below(path, "/api");
  if (path == "/metrics") return Role::kViewer;
  if (!is_api || is_below(path, "/api/session")) return std::nullopt;
  const auto rule = std::ranges::find_if(
      kRules, [&](const PathRule& r) { return is_below(path, r.prefix) && path.ends_with(r.suffix); });
  const bool writes = changes_something(method);
  if (rule == kRules.end()) return writes ? Role::kOperator : Role::kViewer;
  return writes ? rule->writes : rule->reads;
}

bool has_address_of(std::string_view peer, const std::vector<std::string>& addresses) {
  const std::string_view address = address_of(peer);
  const auto place = place_of(address);
  return std::ranges::any_of(
      addresses, [&](const std::string& one) { return one == address || (place && place_of(one) == place); });
}

std::string person_of(const net::Call& call, std::string said) {
  const Caller& caller = auth::caller_of(call);
  return caller.person.empty() ? std::move(said) : caller.person;
}

std::string acting_person(const net::Call& call, const nlohmann::ordered_json& body,
                          std::vector<FieldProblem>& problems) {
  const Caller& caller = auth::caller_of(call);
  if (!caller.person.empty()) return caller.person;
  const std::size_t before = problems.size();
  std::string person = required_text(body, "person", problems);
  if (problems.size() > before) return person;
  if (const auto named = auth::check_person_name(person, "person"); !named.ok()) {
    problems.push_back({"value_error", {"body", "person"}, named.error().message, person});
  }
  return person;
}

Access::Access(const auth::Keyring& keyring, auth::Settings settings, const Clock& clock)
    : keyring_(keyring),
      settings_(std::move(settings)),
      guard_(auth::ListenerName::kControl, keyring, clock, kRoom),
      sessions_(clock, settings_.session_idle) {}

Result<auth::Sessions::Opened> Access::sign_in(std::string_view secret) {
  FW_ASSIGN(const auto key, keyring_.find(secret));
  if (!key->key().is_for(auth::ListenerName::kControl)) {
    return unauthorized("key " + key->key().id + " is not good for the control API and its pages");
  }
  return sessions_.open(key->key().id);
}

void Access::sign_out(const net::Headers& headers) { sessions_.close(cookie_of(headers)); }

std::optional<auth::Sessions::Session> Access::session_of(const net::Headers& headers) {
  const auto token = cookie_of(headers);
  if (token.empty()) return std::nullopt;
  auto session = sessions_.find(token, use_by(headers));
  if (session && keyring_.find_by_id(session->key_id) == nullptr) return std::nullopt;
  return session;
}

bool Access::still_knows(const net::IncomingRequest& request) {
  const Caller& caller = auth::caller_of(request);
  switch (caller.via) {
    case Via::kNothing: return !asks_who_calls();
    case Via::kKey: return keyring_.find_by_id(caller.key_id) != nullptr;
    case Via::kSession:
      return sessions_.find(cookie_of(request.headers), auth::Sessions::Use::kNone) &&
             keyring_.find_by_id(caller.key_id) != nullptr;
    case Via::kProxy: return true;
  }
  return false;
}

std::optional<Refusal> Access::by_session(const net::IncomingRequest& request, Found& found) {
  const auto session = session_of(request.headers);
  if (!session) return std::nullopt;
  const bool is_own_page = auth::are_equal_secretly(request.headers.find(kCsrfHeader).value_or(""), session->csrf);
  if (changes_something(request.method) && !is_own_page) {
    return Refusal{403, "who is signed in sends the token of GET /api/session in " + std::string(kCsrfHeader) +
                            " with what changes something; load the page again"};
  }
  found.key = keyring_.find_by_id(session->key_id);
  if (found.key) found.caller = std::make_shared<const Caller>(auth::caller_with(found.key->key(), Via::kSession));
  return std::nullopt;
}

std::optional<Refusal> Access::by_proxy(const net::IncomingRequest& request, Found& found) const {
  const auth::ProxySettings& proxy = settings_.proxy;
  if (!proxy.is_on()) return std::nullopt;
  const auto name = request.headers.find(proxy.header).value_or("");
  if (name.empty() || !has_address_of(request.peer, proxy.addresses)) return std::nullopt;
  const auto times = std::ranges::count_if(
      request.headers, [&](const auto& field) { return net::equals_ignoring_case(field.name, proxy.header); });
  if (times > 1) {
    return Refusal{403, proxy.header + " stands there " + std::to_string(times) +
                            " times: have the proxy remove what comes from outside before it adds its own"};
  }
  if (const auto named = auth::check_person_name(name, proxy.header); !named.ok()) {
    return Refusal{403, named.error().message};
  }
  // A role is given for these bytes alone: a look-alike may be somebody else's choice at the proxy.
  const auto own = proxy.roles.find(std::string(name));
  const auto role = own == proxy.roles.end() ? proxy.role : std::optional(own->second);
  if (!role) return std::nullopt;
  auto caller = std::make_shared<Caller>();
  caller->via = Via::kProxy;
  caller->person = name;
  caller->role = *role;
  found.caller = std::move(caller);
  return std::nullopt;
}

std::optional<Refusal> Access::find_caller(net::IncomingRequest& request, Found& found) {
  if (auth::secret_in(request.headers)) {
    if (auto refusal = guard_.identify(request.headers, found.key)) return refusal;
    found.caller = std::make_shared<const Caller>(auth::caller_with(found.key->key(), Via::kKey));
    return std::nullopt;
  }
  if (auto refusal = by_session(request, found)) return refusal;
  return found.caller ? std::nullopt : by_proxy(request, found);
}

std::optional<Refusal> Access::check_role(const net::IncomingRequest& request, const Found& found) const {
  const Role needed = *needed_role(request.method, request.path());
  const Caller& caller = auth::caller_of(found.caller);
  if (caller.role >= needed) return std::nullopt;
  return Refusal{403, "this needs the role " + std::string(auth::to_string(needed)) + "; " + caller.person + " is " +
                          std::string(auth::to_string(caller.role))};
}

Task<void> Access::answer(const net::Handler& handler, net::IncomingRequest& request, net::ResponseWriter& out) {
  const bool is_for_all = !needed_role(request.method, request.path());
  Found found;
  auth::Pass pass;
  auto refusal = find_caller(request, found);
  if (is_for_all) {
    refusal.reset();
  } else {
    if (!refusal && !found.caller && asks_who_calls()) {
      refusal = Refusal{401,
                        "a key is needed here: sign in at the page, or set FLYWHEEL_KEY, or send \"Authorization: "
                        "Bearer fw-...\""};
    }
    if (!refusal) refusal = check_role(request, found);
    if (!refusal && found.key) refusal = guard_.admit(found.key, pass);
  }
  if (refusal) {
    (void)co_await out.send(response_of(*refusal), Deadline::after(kErrorGrace));
    co_return;
  }
  auth::remove_secrets(request.headers);
  request.caller = std::move(found.caller);
  if (found.key) request.sharer = found.key->key().sharer();
  co_await guard_.serve(std::move(pass), handler, request, out);
}

net::Handler Access::guarded(net::Handler handler) {
  return [this, handler = std::move(handler)](net::IncomingRequest& request, net::ResponseWriter& out) {
    return answer(handler, request, out);
  };
}

}  // namespace fw::api
