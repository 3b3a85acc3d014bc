#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/request_body.h"
#include "auth/guard.h"
#include "auth/sessions.h"
#include "auth/settings.h"
#include "net/router.h"

namespace fw::api {

/// The role that a request needs; nothing: it is for everybody (the pages themselves, health, signing in).
[[nodiscard]] std::optional<auth::Role> needed_role(net::Method method, std::string_view path);

/// Who acts: whoever the key, the session or the proxy names. Only where none does is it who the request says.
[[nodiscard]] std::string person_of(const net::Call& call, std::string said);
/// The same where the body says it in `person`, which may be left out where somebody is named.
[[nodiscard]] std::string acting_person(const net::Call& call, const nlohmann::ordered_json& body,
                                        std::vector<FieldProblem>& problems);

/// Whether a peer (`127.0.0.1:4711`, `[::1]:4711`) has one of these IP addresses, however they are spelled: an IPv4
/// address is also what an IPv6 socket makes of it (`::ffff:127.0.0.1`).
[[nodiscard]] bool has_address_of(std::string_view peer, const std::vector<std::string>& addresses);

/// Whether who sent a request that was let in would be let in now. Any thread; does not wait. For answers without an
/// end, whose request outlives the asking.
using StillKnown = std::function<bool(const net::IncomingRequest&)>;

/// Stands in front of the control API: finds out who calls, by a key, a session or a reverse proxy, and holds their
/// role against what the request needs. Where no key was ever made for the control API, and there is no proxy,
/// everybody is admin. Any thread; outlives the server.
class Access final {
 public:
  /// What is passed outlives it.
  Access(const auth::Keyring& keyring, auth::Settings settings, const Clock& clock);

  [[nodiscard]] net::Handler guarded(net::Handler handler);
  /// Whoever is not known is refused what is not for everybody.
  [[nodiscard]] bool asks_who_calls() const { return guard_.asks_for_key() || settings_.proxy.is_on(); }

  /// A session for the owner of this secret. kUnauthorized where it is no key for the control API.
  [[nodiscard]] Result<auth::Sessions::Opened> sign_in(std::string_view secret);
  void sign_out(const net::Headers& headers);
  /// The session that the cookie names; nothing where there is none or its key was revoked.
  [[nodiscard]] std::optional<auth::Sessions::Session> session_of(const net::Headers& headers);

  /// As StillKnown: not once the key was revoked, the session ended or idle, or, of a request without either, once it
  /// is asked who calls.
  [[nodiscard]] bool still_knows(const net::IncomingRequest& request);

  void write_metrics(std::ostream& out) const { guard_.write_metrics(out); }

 private:
  /// What is known of a request's sender.
  struct Found {
    std::shared_ptr<const auth::Caller> caller;  ///< nobody known
    std::shared_ptr<auth::ActiveKey> key;        ///< whose limits count
  };

  [[nodiscard]] std::optional<auth::Refusal> find_caller(net::IncomingRequest& request, Found& found);
  [[nodiscard]] std::optional<auth::Refusal> by_session(const net::IncomingRequest& request, Found& found);
  [[nodiscard]] std::optional<auth::Refusal> by_proxy(const net::IncomingRequest& request, Found& found) const;
  [[nodiscard]] std::optional<auth::Refusal> check_role(const net::IncomingRequest& request, const Found& found) const;
  [[nodiscard]] Task<void> answer(const net::Handler& handler, net::IncomingRequest& request, net::ResponseWriter& out);

  const auth::Keyring& keyring_;
  const auth::Settings settings_;
  auth::Guard guard_;
  auth::Sessions sessions_;
};

inline constexpr std::string_view kSessionCookie = "flywheel_session";
inline constexpr std::string_view kCsrfHeader = "x-flywheel-csrf";
/// On what a page asks by itself, without a person who has done something just before: no use of the session.
inline constexpr std::string_view kBackgroundHeader = "x-flywheel-background";

}  // namespace fw::api
