#pragma once

#include <algorithm>

#include "metastore/key_store.h"

namespace fw::auth {

/// A store that forgets with its test, and may refuse to write.
class MemoryKeyStore final : public metastore::KeyStore {
 public:
  Result<std::vector<metastore::KeyRow>> keys() override { return rows; }
  Status add_key(const metastore::KeyRow& key) override {
    if (is_broken) return storage_full("the disk is full");
    rows.push_back(key);
    return {};
  }
  Status revoke_key(const std::string& id, Timestamp at) override {
    if (is_broken) return storage_full("the disk is full");
    for (auto& row : rows) {
      if (row.id == id) row.revoked_at = at;
    }
    return {};
  }
  Status note_use(std::span<const metastore::KeyUse> uses) override {
    for (const auto& use : uses) {
      for (auto& row : rows) {
        if (row.id == use.id) row.last_used = use.at;
      }
    }
    return {};
  }

  std::vector<metastore::KeyRow> rows;
  bool is_broken = false;
};

}  // namespace fw::auth
