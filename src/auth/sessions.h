#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace fw::auth {

/// People who are signed in at the pages. In memory alone: a restart signs everybody out. A session ends when it has
/// been idle for a while; the key behind it is looked up at every request by whoever asks. Any thread.
class Sessions final {
 public:
  struct Session {
    std::string key_id;
    std::string csrf;  ///< has to stand in a header of what changes something: other sites' pages cannot read it
  };
  struct Opened {
    std::string token;  ///< for the cookie; its hash alone is kept
    Session session;
  };

  /// `clock` outlives it.
  Sessions(const Clock& clock, Duration idle) : clock_(clock), idle_(idle) {}

  [[nodiscard]] Opened open(std::string key_id);
  enum class Use { kByPerson, kNone };
  /// Idle is what no person has used for a while; a page that refreshes by itself does not use it.
  [[nodiscard]] std::optional<Session> find(std::string_view token, Use use = Use::kByPerson);
  void close(std::string_view token);

 private:
  struct Entry {
    Session session;
    Instant used{};
  };
  void forget_idle(Instant now);

  const Clock& clock_;
  const Duration idle_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> by_hash_;
};

}  // namespace fw::auth
