#pragma once

#include <mutex>

#include "metastore/impl/sqlite.h"
#include "metastore/key_store.h"

namespace fw::metastore {

/// The KeyStore in the connection of a SqliteStore, whose lock it shares.
class SqliteKeys final : public KeyStore {
 public:
  SqliteKeys(Connection& connection, std::mutex& mutex) : connection_(connection), mutex_(mutex) {}

  [[nodiscard]] Result<std::vector<KeyRow>> keys() override;
  [[nodiscard]] Status add_key(const KeyRow& key) override;
  [[nodiscard]] Status revoke_key(const std::string& id, Timestamp at) override;
  [[nodiscard]] Status note_use(std::span<const KeyUse> uses) override;

 private:
  Connection& connection_;
  std::mutex& mutex_;
};

}  // namespace fw::metastore
