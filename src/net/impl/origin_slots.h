#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "async/alarm.h"

namespace fw::net {

/// How many exchanges may go on with one origin at a time; more wait in the order they came. From any thread.
class OriginSlots final : public std::enable_shared_from_this<OriginSlots> {
 public:
  explicit OriginSlots(std::size_t max_per_origin) : max_(max_per_origin) {}
  OriginSlots(const OriginSlots&) = delete;
  OriginSlots& operator=(const OriginSlots&) = delete;

  /// The right to one exchange, given back when it goes.
  class Slot final {
   public:
    Slot() = default;
    Slot(std::shared_ptr<OriginSlots> slots, std::string origin)
        : slots_(std::move(slots)), origin_(std::move(origin)) {}
    Slot(Slot&& other) noexcept = default;
    Slot& operator=(Slot&& other) noexcept;
    ~Slot() { give_back(); }

   private:
    void give_back();
    std::shared_ptr<OriginSlots> slots_;
    std::string origin_;
  };

  /// A slot that nobody has and nobody waits for.
  [[nodiscard]] std::optional<Slot> take_free(const std::string& origin);
  /// The deadline's error when none came free in time.
  [[nodiscard]] Task<Result<Slot>> acquire(std::string origin, Deadline deadline);

 private:
  struct Waiting {
    std::shared_ptr<Alarm> alarm;
    bool has_slot = false;
  };
  struct Origin {
    std::size_t in_use = 0;
    std::list<std::shared_ptr<Waiting>> queue;
  };
  [[nodiscard]] bool take_one(const std::string& origin);
  void release(const std::string& origin);

  std::size_t max_;
  std::mutex mutex_;
  std::map<std::string, Origin> origins_;
};

}  // namespace fw::net
