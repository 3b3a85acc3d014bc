#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logstore/log_store.h"

namespace fw::logstore {

/// Which records came in last, in the order in which they did: for who follows the traffic. A record has the time at
/// which its exchange began and comes when it has ended, so that an order by time shows what is new anywhere.
///
/// In memory, and bounded: who follows too slowly is told how many it has missed. Any thread.
class Arrivals final {
 public:
  explicit Arrivals(std::size_t most = 65'536);
  Arrivals(const Arrivals&) = delete;
  Arrivals& operator=(const Arrivals&) = delete;

  /// The records of a batch but for those at the places of `known`, which were there before.
  void note(std::span<const record::Interaction> batch, std::span<const std::size_t> known);

  /// A place among the arrivals, as text: behind all that have come. Good for this process alone.
  [[nodiscard]] std::string mark() const;

  struct Arrival {
    record::RecordId id;
    std::string mark;  ///< behind it
  };
  struct Since {
    std::vector<Arrival> arrivals;  ///< in their order
    std::string mark;               ///< behind all that were looked at
    /// Arrivals, of whatever workload, that are no longer known; nothing where it cannot be told: the mark is another
    /// process's.
    std::optional<std::uint64_t> missed = 0;
  };
  /// Up to `limit` that came after `mark`, of the selection's workload and client; its times do not count.
  /// kInvalidArgument: no mark.
  [[nodiscard]] Result<Since> since(std::string_view mark, const Selection& selection, std::size_t limit) const;

 private:
  struct Entry {
    record::RecordId id;
    record::WorkloadId workload;
    record::ClientId client;
  };
  [[nodiscard]] std::string mark_of(std::uint64_t number) const;

  const std::size_t most_;
  const std::string process_;
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;
  std::uint64_t first_ = 0;  ///< the number of the first entry
};

/// A log store whose appends `arrivals`, which outlive it, are told of.
[[nodiscard]] std::unique_ptr<LogStore> noting_arrivals(std::unique_ptr<LogStore> store, Arrivals& arrivals);

}  // namespace fw::logstore
