#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/key.h"
#include "auth/limits.h"
#include "base/clock.h"
#include "metastore/key_store.h"

namespace fw::auth {

/// One key at work. Any thread.
class ActiveKey final {
 public:
  ActiveKey(Key key, std::string hash);
  ActiveKey(const ActiveKey&) = delete;
  ActiveKey& operator=(const ActiveKey&) = delete;

  [[nodiscard]] const Key& key() const { return key_; }  ///< as it was made or read
  [[nodiscard]] const std::string& hash() const { return hash_; }
  [[nodiscard]] std::optional<Timestamp> last_used() const;
  [[nodiscard]] std::optional<Timestamp> revoked_at() const;
  [[nodiscard]] bool is_revoked() const { return revoked_at_ != 0; }
  void revoke(Timestamp at) { revoked_at_ = at.time_since_epoch().count(); }

  /// Begins a request. kResourceExhausted with what is too much; `wait`: when to try again.
  [[nodiscard]] Status begin(Timestamp now, Instant instant, Duration& wait);
  /// Ends one that began.
  void end() { --open_; }
  void count_bytes(std::uint64_t bytes, Instant instant);

  struct Counts {
    std::uint64_t admitted;
    std::uint64_t limited;
    std::uint64_t bytes;
    std::uint64_t open;
  };
  [[nodiscard]] Counts counts() const { return {admitted_, limited_, bytes_, open_}; }
  /// A request that the listener had no fair room for.
  void count_limited() { ++limited_; }

 private:
  const Key key_;
  const std::string hash_;
  std::atomic<std::int64_t> last_used_;   // nanoseconds since 1970; 0: never
  std::atomic<std::int64_t> revoked_at_;  // likewise
  std::atomic<std::uint64_t> open_{0};
  std::atomic<std::uint64_t> admitted_{0};
  std::atomic<std::uint64_t> limited_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::mutex mutex_;  // guards the buckets
  TokenBucket requests_;
  TokenBucket flow_;
};

/// The keys of a service: all of them in memory, so that a request waits for no disk, and in the store, where they are
/// before they are in memory. Any thread; create, revoke and save_use block.
class Keyring final {
 public:
  /// `store` and `clock` outlive it.
  [[nodiscard]] static Result<std::unique_ptr<Keyring>> open(metastore::KeyStore& store, const Clock& clock);
  ~Keyring();
  Keyring(const Keyring&) = delete;
  Keyring& operator=(const Keyring&) = delete;

  struct Made {
    Key key;
    std::string secret;  ///< the only time that it is said
  };
  /// Errors as check(Key); kFailedPrecondition where nobody could make the next one.
  [[nodiscard]] Result<Made> create(Key wanted);
  /// From the next request on. kNotFound for an unknown id, kFailedPrecondition for an admin's last; again is no error.
  [[nodiscard]] Result<Key> revoke(const std::string& id);
  /// All that were ever made, in that order.
  [[nodiscard]] std::vector<Key> list() const;
  /// When keys were last used, into the store.
  [[nodiscard]] Status save_use();

  /// A key was made for this listener, revoked or not.
  [[nodiscard]] bool asks_for_key(ListenerName listener) const {
    return table()->is_asked.at(static_cast<std::size_t>(listener));
  }
  /// There is one that is good for it now.
  [[nodiscard]] bool has_key(ListenerName listener) const;

  /// Whose secret this is. kUnauthorized for one that is unknown or revoked, in the same words.
  [[nodiscard]] Result<std::shared_ptr<ActiveKey>> find(std::string_view secret) const;
  /// nullptr when there is none, or it is revoked.
  [[nodiscard]] std::shared_ptr<ActiveKey> find_by_id(std::string_view id) const;

  void write_metrics(std::ostream& out) const;

 private:
  struct Table {
    std::vector<std::shared_ptr<ActiveKey>> in_order;
    std::unordered_map<std::string_view, ActiveKey*> by_id;  // names stand in the keys themselves
    std::array<bool, kListeners> is_asked{};                 // by listener: a key was made for it
  };

  Keyring(metastore::KeyStore& store, const Clock& clock);
  void add(std::shared_ptr<ActiveKey> key);
  [[nodiscard]] bool has_admin() const;
  [[nodiscard]] std::shared_ptr<const Table> table() const { return table_.load(); }

  metastore::KeyStore& store_;
  const Clock& clock_;
  std::mutex changing_;
  std::atomic<std::shared_ptr<const Table>> table_;
};

}  // namespace fw::auth
