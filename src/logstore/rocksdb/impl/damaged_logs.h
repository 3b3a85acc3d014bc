#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "logstore/log_store.h"
#include "logstore/rocksdb/impl/log_salvage.h"

namespace fw::logstore {

/// What is known of a damaged log: beside its copy as `NAME.json` in the folder `damaged` of the store's.
struct DamageReport {
  std::filesystem::path kept;  ///< the log as it was, whole; of changes that are nowhere: what knew of them
  std::string reason = "parts of the log do not have their checksum";
  std::vector<DamagedPart> damaged;
  std::uint64_t batches = 0;          ///< whole ones that stay
  std::uint64_t changes = 0;          ///< that stay of others
  std::uint64_t lost_changes = 0;     ///< that are in no log any more
  std::uint64_t put_back = 0;         ///< records of them that were in tables already
  std::vector<std::string> lost_ids;  ///< of records that the indexes knew and whose content is gone; the first 1,000
  bool is_checked = false;            ///< records, indexes and counts agree again
};

/// In the folder of a database that nobody has open: every log that is damaged is kept in `damaged`, and replaced by
/// one of what is whole in it. Done in an order that a crash may cut anywhere: begun again, it ends the same. The
/// reports of logs that were replaced; none where no log is damaged.
[[nodiscard]] Result<std::vector<DamageReport>> put_damage_aside(const std::filesystem::path& folder);

/// Of changes that were durable and are in no log: keeps the file that tells of them beside the damaged logs.
[[nodiscard]] Result<DamageReport> report_missing(const std::filesystem::path& marks, std::uint64_t changes);

/// All that were ever written and that nobody has taken away, oldest first.
[[nodiscard]] Result<std::vector<DamageReport>> damage_reports(const std::filesystem::path& folder);
[[nodiscard]] Status write_report(const DamageReport& report);

[[nodiscard]] KeptDamage summary(const DamageReport& report);

}  // namespace fw::logstore
