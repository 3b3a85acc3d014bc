#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace fw::metastore {

/// An API key. What it is good for never changes; a revoked one stays.
struct KeyRow {
  std::string id;
  std::string hash;  ///< of the secret, which is nowhere
  std::string data;  ///< JSON; what it is good for
  Timestamp created_at{};
  std::optional<Timestamp> last_used{};
  std::optional<Timestamp> revoked_at{};
};

struct KeyUse {
  std::string id;
  Timestamp at{};
};

/// API keys. Every member that writes is one transaction, durable on return. Any thread; blocks. The store does not
/// know what the JSON means.
class KeyStore {
 public:
  virtual ~KeyStore() = default;

  /// In the order in which they were made.
  [[nodiscard]] virtual Result<std::vector<KeyRow>> keys() = 0;
  /// kAlreadyExists when the id is taken.
  [[nodiscard]] virtual Status add_key(const KeyRow& key) = 0;
  /// Again is no error and changes nothing. kNotFound for an unknown id.
  [[nodiscard]] virtual Status revoke_key(const std::string& id, Timestamp at) = 0;
  [[nodiscard]] virtual Status note_use(std::span<const KeyUse> uses) = 0;
};

}  // namespace fw::metastore
