#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "auth/caller.h"
#include "auth/keyring.h"
#include "base/fair_share.h"
#include "net/server.h"

namespace fw::auth {

/// Why a request is not let in.
struct Refusal {
  /// 401: no key, or none that is known; 403: not good for this; 429: too much, 503: the service is stopping, `wait`
  /// says how long.
  int status = 401;
  std::string message;
  Duration wait{};
  bool is_other_site = false;  ///< a page of another site asked: no key would help

  /// `Retry-After`: whole seconds, at least one.
  [[nodiscard]] std::string retry_after() const;
};

/// The refusal in the words of the listener's dialect; nothing: the connection is cut, for clients that would drop what
/// they sent on any answer.
using RefusalWriter = std::function<std::optional<net::Response>(const net::IncomingRequest&, const Refusal&)>;

/// A request that was let in, until it has been answered.
class Pass final {
 public:
  Pass() = default;
  Pass(std::shared_ptr<ActiveKey> key, FairShare& share);
  Pass(Pass&& other) noexcept = default;
  Pass& operator=(Pass&& other) noexcept = default;
  ~Pass() = default;

 private:
  struct Hold;
  friend class Guard;
  std::shared_ptr<Hold> hold_;  // nothing where no key was asked for
};

/// Stands in front of a listener's handler: lets in who has a key that is good for the listener and within its limits,
/// takes the key out of the headers, and says who calls and whose share they take. Where no key was ever made for the
/// listener everybody is let in. Any thread; outlives the server.
class Guard final {
 public:
  /// `room`: requests at a time that tenants share. What is passed outlives it.
  Guard(ListenerName listener, const Keyring& keyring, const Clock& clock, std::size_t room);

  /// `handler` behind the guard.
  [[nodiscard]] net::Handler guarded(net::Handler handler, RefusalWriter refuse);

  /// For those that find out by other means who calls. Whose key it is, and whether that is good for this listener.
  [[nodiscard]] std::optional<Refusal> identify(const net::Headers& headers, std::shared_ptr<ActiveKey>& key);
  /// The limits of the key, and the listener's room.
  [[nodiscard]] std::optional<Refusal> admit(const std::shared_ptr<ActiveKey>& key, Pass& pass);
  /// Has an admitted request answered.
  [[nodiscard]] Task<void> serve(Pass pass, const net::Handler& handler, net::IncomingRequest& request,
                                 net::ResponseWriter& out) const;
  [[nodiscard]] bool asks_for_key() const { return keyring_.asks_for_key(listener_); }

  void write_metrics(std::ostream& out) const;

 private:
  [[nodiscard]] Task<void> answer(const net::Handler& handler, const RefusalWriter& refuse,
                                  net::IncomingRequest& request, net::ResponseWriter& out);

  const ListenerName listener_;
  const Keyring& keyring_;
  const Clock& clock_;
  FairShare share_;
  std::atomic<std::uint64_t> without_key_{0};
  std::atomic<std::uint64_t> unknown_{0};
  std::atomic<std::uint64_t> not_for_this_{0};
};

}  // namespace fw::auth
