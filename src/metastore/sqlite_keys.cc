#include "metastore/impl/sqlite_keys.h"

#include "metastore/impl/rows.h"

namespace fw::metastore {
namespace {

std::optional<Timestamp> time_of(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return to_time(row.number(column));
}

}  // namespace

Result<std::vector<KeyRow>> SqliteKeys::keys() {
  const std::lock_guard lock(mutex_);
  Statement select(connection_,
                   "SELECT id, hash, data, created_at, last_used, revoked_at FROM api_keys ORDER BY created_at, rowid");
  return all_rows<KeyRow>(select, [](const Statement& row) {
    return KeyRow{.id = row.text(0),
                  .hash = row.text(1),
                  .data = row.text(2),
                  .created_at = to_time(row.number(3)),
                  .last_used = time_of(row, 4),
                  .revoked_at = time_of(row, 5)};
  });
}

Status SqliteKeys::add_key(const KeyRow& key) {
  const std::lock_guard lock(mutex_);
  return Statement(connection_, "INSERT INTO api_keys (id, hash, data, created_at) VALUES (?, ?, ?, ?)")
      .bind(key.id)
      .bind(key.hash)
      .bind(key.data)
      .bind(to_number(key.created_at))
      .run();
}

Status SqliteKeys::revoke_key(const std::string& id, Timestamp at) {
  const std::lock_guard lock(mutex_);
  FW_TRY(Statement(connection_, "UPDATE api_keys SET revoked_at = COALESCE(revoked_at, ?) WHERE id = ?")
             .bind(to_number(at))
             .bind(id)
             .run());
  if (connection_.changes() == 0) return not_found("there is no key " + id);
  return {};
}

Status SqliteKeys::note_use(std::span<const KeyUse> uses) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(connection_);
  FW_TRY(transaction.begun());
  for (const KeyUse& use : uses) {
    FW_TRY(Statement(connection_, "UPDATE api_keys SET last_used = MAX(COALESCE(last_used, 0), ?) WHERE id = ?")
               .bind(to_number(use.at))
               .bind(use.id)
               .run());
  }
  return transaction.commit();
}

}  // namespace fw::metastore
