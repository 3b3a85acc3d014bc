#pragma once

#include <filesystem>
#include <memory>

#include "audit/audit_log.h"
#include "base/clock.h"
#include "metastore/sqlite_store.h"

namespace fw::app {

/// Opens or makes `metadata.sqlite` of a data folder, with the keys and the jobs in it. kDataLoss, with the remedy,
/// where it is empty or not there though something else in the folder was made after it: a service that begins without
/// its keys is open to whoever reaches it.
[[nodiscard]] Result<std::unique_ptr<metastore::SqliteStore>> open_metadata(const std::filesystem::path& data);

/// Opens or makes the audit log of a data folder, held against its head of before, which is kept beside it.
[[nodiscard]] Result<std::unique_ptr<audit::AuditLog>> open_audit_log(const std::filesystem::path& data,
                                                                      const Clock& clock);

}  // namespace fw::app
