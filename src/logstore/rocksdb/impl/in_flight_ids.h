#pragma once

#include <condition_variable>
#include <mutex>
#include <span>
#include <string_view>
#include <unordered_set>

#include "record/interaction.h"

namespace fw::logstore {

/// The ids that appends are about to write. Two batches that share an id are written one after the other, so that the
/// second finds what the first wrote; all others are written side by side, which is what lets RocksDB sync them as one
/// group. A batch takes all of its ids at once: no two batches can wait for each other. Safe from any thread.
class InFlightIds final {
 public:
  /// Holds the ids of a batch until it goes.
  class Hold final {
   public:
    Hold(InFlightIds& ids, std::span<const record::Interaction> batch);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    InFlightIds& ids_;
    std::span<const record::Interaction> batch_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable released_;
  std::unordered_set<std::string_view> held_;  // in the batches of those who hold them
};

}  // namespace fw::logstore
