#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

namespace fw {

/// One who asks for some of a room that several share, and the rule by which it is given: while there is room beyond a
/// quarter, anybody may have it; the last quarter is for those who hold no more than an equal share. Who holds nothing
/// yet is refused only where there is no room at all.
struct FairClaim {
  std::size_t room = 0;
  std::size_t held = 0;     ///< of it, by all
  std::size_t own = 0;      ///< of that, by the one who asks
  std::size_t sharers = 1;  ///< who hold something or ask for it, the one who asks among them
  std::size_t amount = 1;   ///< that is asked for

  [[nodiscard]] bool has_room() const { return amount <= room && held <= room - amount; }
  /// The share counts one more than there are: who comes later finds something.
  [[nodiscard]] bool is_beyond_share() const { return own > 0 && own + amount > room / (sharers + 1); }
  [[nodiscard]] bool is_granted() const {
    return has_room() && (held + amount <= room - room / 4 || !is_beyond_share());
  }
};

/// Room that is given by that rule, and who holds how much of it. Any thread.
class FairShare final {
 public:
  /// `room`: at least 1.
  explicit FairShare(std::size_t room) : room_(room) {}

  /// False: this one has to wait until some of its own, or of the others, is given back.
  [[nodiscard]] bool enter(const std::string& sharer, std::size_t amount = 1);
  /// What enter() gave.
  void leave(const std::string& sharer, std::size_t amount = 1);
  [[nodiscard]] std::size_t room() const { return room_; }
  [[nodiscard]] std::size_t held() const;
  /// Holds more than an equal share.
  [[nodiscard]] bool is_beyond_share(const std::string& sharer) const;

 private:
  [[nodiscard]] FairClaim claim(const std::string& sharer, std::size_t amount) const;

  const std::size_t room_;
  mutable std::mutex mutex_;  // guards what follows
  std::size_t held_ = 0;
  std::unordered_map<std::string, std::size_t> by_sharer_;  // of those that hold something
};

}  // namespace fw
