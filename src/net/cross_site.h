#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "net/server.h"

namespace fw::net {

/// Keeps web pages of other sites away from a listener: a browser on this machine reaches what listens on loopback,
/// whatever page it shows.
///
/// - A name that a page's owner lets point here (DNS rebinding) shows in Host. Taken are addresses, `localhost`, names
///   without a dot, which no public name server answers, and the hosts of the public URLs.
/// - A page's own POST shows in Origin, or in Sec-Fetch-Site: what changes something must come from our own pages.
///
/// Programs send neither Origin nor Sec-Fetch-Site and are not affected. Any thread.
class CrossSiteGuard final {
 public:
  /// The refusal in the words of the listener's dialect; nothing: the connection is cut.
  using Refuse = std::function<std::optional<Response>(const IncomingRequest&, const std::string& message)>;

  /// `setting`: which the refusal names as the remedy. Public URLs may be empty.
  CrossSiteGuard(const std::vector<std::string>& public_urls, std::string setting);

  /// Why the request is refused, with the remedy.
  [[nodiscard]] Status check(const IncomingRequest& request) const;
  /// The same without a look at Host: for listeners that ask for a key, which a page under a name of its own has not.
  [[nodiscard]] Status check_origin(const IncomingRequest& request) const;
  /// `handler` behind the guard, which must outlive it. `asks_for_key`: asked at every request; may be empty.
  [[nodiscard]] Handler guarded(Handler handler, Refuse refuse, std::function<bool()> asks_for_key = {});
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  [[nodiscard]] bool is_ours(std::string_view host) const;

  std::string setting_;
  std::vector<std::string> hosts_;
  std::vector<std::string> origins_;
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace fw::net
