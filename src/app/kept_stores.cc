#include "app/kept_stores.h"

namespace fw::app {
namespace {

namespace fs = std::filesystem;

/// A service, or a command that made a key, has had its metadata in this folder: all of these come after it.
bool had_metadata(const fs::path& data) {
  std::error_code error;
  const auto audit_bytes = fs::file_size(data / "audit" / "audit.jsonl", error);
  if (!error && audit_bytes > 0) return true;
  if (fs::exists(data / "promotion" / "draw.secret", error)) return true;
  const fs::directory_iterator jobs(data / "jobs", error);
  return !error && jobs != fs::directory_iterator();
}

}  // namespace

Result<std::unique_ptr<metastore::SqliteStore>> open_metadata(const fs::path& data) {
  using metastore::SqliteStore;
  return SqliteStore::open(data / "metadata.sqlite",
                           had_metadata(data) ? SqliteStore::Origin::kThereBefore : SqliteStore::Origin::kMayBeNew);
}

Result<std::unique_ptr<audit::AuditLog>> open_audit_log(const fs::path& data, const Clock& clock) {
  return audit::AuditLog::open(data / "audit", clock, data / "audit_head.json");
}

}  // namespace fw::app
