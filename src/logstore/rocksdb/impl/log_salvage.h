#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logstore/rocksdb/impl/batch_operations.h"
#include "logstore/rocksdb/impl/log_pieces.h"

namespace fw::logstore {

struct DamagedPart {
  std::uint64_t at = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const DamagedPart&, const DamagedPart&) = default;
};

/// A log without what is damaged in it.
struct SalvagedLog {
  std::string log;
  std::vector<DamagedPart> damaged;
  std::uint64_t batches = 0;  ///< that are whole
  std::uint64_t changes = 0;  ///< that were taken out of batches which are not whole
};

/// Takes out of damaged logs what is whole, in a form that RocksDB replays: batches, and of a batch that is not whole
/// the records that lie in whole pieces. The sequence numbers of what is left tell how much is lost. Logs come in their
/// order.
class LogSalvage final {
 public:
  [[nodiscard]] SalvagedLog take(std::string_view log);

  /// How many changes (five a record that was appended) were in the damaged parts and are in no log: what the sequence
  /// numbers of the batches on both sides tell, and at least one where there is none behind them.
  [[nodiscard]] std::uint64_t lost_changes() const { return lost_ + (is_gap_open_ ? 1 : 0); }

 private:
  void take_whole(std::string_view batch, SalvagedLog& out);
  void take_broken(const BrokenEntries& broken, SalvagedLog& out);
  /// As a batch with the sequence numbers from `first` on, if there are enough before `end`; returns how many changes.
  std::uint32_t put_found(std::uint64_t first, std::uint64_t end, SalvagedLog& out);

  std::optional<std::uint64_t> next_;  // the sequence number behind the last batch
  Operations found_;                   // in batches that are not whole, since the last one that is
  std::uint64_t lost_ = 0;
  bool is_gap_open_ = false;
};

}  // namespace fw::logstore
