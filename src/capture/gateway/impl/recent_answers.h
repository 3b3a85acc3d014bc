#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "record/ids.h"

namespace fw::capture {

/// Which record an answer's own id belongs to, of the last kMost exchanges. Any thread. The oldest makes room for the
/// newest: to drop many at once would stop an event loop for milliseconds.
class RecentAnswers final {
 public:
  static constexpr std::size_t kMost = 50'000;

  void note(std::string_view answer_id, const record::RecordId& record) {
    if (answer_id.empty()) return;
    const std::uint64_t hash = hash64(answer_id);
    const std::lock_guard lock(mutex_);
    if (noted_ == 0) records_.reserve(kMost + 1);
    records_.insert_or_assign(hash, Noted{record, noted_});
    if (order_.size() < kMost) {
      order_.push_back(hash);
    } else {
      forget(std::exchange(order_[noted_ % kMost], hash));
    }
    ++noted_;
  }
  [[nodiscard]] std::optional<record::RecordId> find(std::string_view answer_id) const {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(hash64(answer_id));
    if (found == records_.end()) return std::nullopt;
    return found->second.record;
  }

 private:
  struct Noted {
    record::RecordId record;
    std::uint64_t number = 0;
  };

  void forget(std::uint64_t hash) {
    const auto found = records_.find(hash);
    // Noted again meanwhile: the later one goes in its turn.
    if (found != records_.end() && found->second.number + kMost == noted_) records_.erase(found);
  }

  mutable std::mutex mutex_;  // guards all below
  std::unordered_map<std::uint64_t, Noted> records_;
  std::vector<std::uint64_t> order_;  // of their noting; a ring once it is full
  std::uint64_t noted_ = 0;
};

}  // namespace fw::capture
