#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/hash.h"
#include "record/ids.h"

namespace fw::capture {

/// Which record an answer's own id belongs to, of the last exchanges: two generations of kMost. Any thread.
class RecentAnswers final {
 public:
  static constexpr std::size_t kMost = 50'000;

  void note(std::string_view answer_id, const record::RecordId& record) {
    if (answer_id.empty()) return;
    const std::lock_guard lock(mutex_);
    if (young_.size() >= kMost) old_ = std::exchange(young_, {});
    young_.insert_or_assign(hash64(answer_id), record);
  }
  [[nodiscard]] std::optional<record::RecordId> find(std::string_view answer_id) const {
    const std::lock_guard lock(mutex_);
    for (const auto* generation : {&young_, &old_}) {
      if (const auto found = generation->find(hash64(answer_id)); found != generation->end()) return found->second;
    }
    return std::nullopt;
  }

 private:
  mutable std::mutex mutex_;  // guards both
  std::unordered_map<std::uint64_t, record::RecordId> young_, old_;
};

}  // namespace fw::capture
