#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "async/pool.h"
#include "auth/caller.h"
#include "auth/guard.h"
#include "base/clock.h"
#include "capture/committer/committer.h"
#include "capture/quarantine.h"
#include "capture/redaction/redactor.h"
#include "logstore/log_store.h"
#include "net/server.h"

namespace fw::capture {

struct BulkApiOptions {
  std::string index = "flywheel";                       ///< the index that is all traffic, whatever way it came in
  std::string version;                                  ///< that clients are told; empty: the one that fits the client
  std::size_t max_body_bytes = std::size_t{100} << 20;  ///< packed and unpacked
  std::size_t max_bytes_in_flight = std::size_t{512} << 20;
  Duration patience = std::chrono::seconds(20);  ///< how long a request waits for room before it is refused
};

/// Records that somebody is about to remove.
struct Removal {
  std::string request;  ///< `_delete_by_query`, `DELETE document`, `DELETE index`
  std::string index;    ///< as the request names it
  std::uint64_t records = 0;
  const auth::Caller& caller;
  std::string peer;  ///< address and port
};

/// Everything outlives it.
struct BulkApiDependencies {
  Committer& committer;
  logstore::LogStore& log;
  Quarantine& quarantine;
  const Redactor& redactor;
  Pool& disk;    ///< for files of its own, and for what is kept aside
  Pool& search;  ///< for what reads or removes records, which may take a minute
  Pool& cpu;     ///< for parsing
  const Clock& clock;
  std::filesystem::path folder;  ///< for the names and mappings of indexes; made when there is something to keep
  /// Before the first record goes: after an error none does. Blocks; may be empty.
  std::function<Status(const Removal&)> note_removal{};
};

/// Counters that only grow, but for the last.
struct BulkApiStats {
  std::uint64_t requests = 0;
  std::uint64_t accepted = 0;    ///< documents on disk
  std::uint64_t known = 0;       ///< of them, those that were there already
  std::uint64_t kept_aside = 0;  ///< documents that are no traffic
  std::uint64_t refused = 0;     ///< documents that found no room or that the store did not take
  std::size_t bytes_in_flight = 0;
};

/// The Elasticsearch dialect (docs/capture.md): what log shippers and official clients send, into the log store and out
/// of it. A document is acknowledged when it would survive `kill -9` and power loss. Any thread; outlives the server
/// that calls its handler.
class BulkApi final {
 public:
  BulkApi(BulkApiDependencies dependencies, BulkApiOptions options);
  ~BulkApi();
  BulkApi(const BulkApi&) = delete;
  BulkApi& operator=(const BulkApi&) = delete;

  /// Reads what an earlier process kept of indexes. Blocks.
  [[nodiscard]] Status open();
  [[nodiscard]] net::Handler handler();
  [[nodiscard]] BulkApiStats stats() const;
  /// Why a request is not let in, in the dialect's words; nothing for shippers that would drop what they sent.
  [[nodiscard]] static std::optional<net::Response> refusal(const net::IncomingRequest& request,
                                                            const auth::Refusal& refusal);
  /// Little room is left for bodies.
  [[nodiscard]] bool is_full() const;
  /// And what is taken is this address's, more than its share: new connections of it had better be refused.
  [[nodiscard]] bool is_full_for(const std::string& address) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::capture
