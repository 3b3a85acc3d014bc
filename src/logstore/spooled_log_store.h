#pragma once

#include <functional>
#include <memory>

#include "logstore/log_store.h"

namespace fw::logstore {

struct SpoolOptions {
  std::uint64_t max_bytes = std::uint64_t{8} << 30;  ///< requests and responses that may wait; then appends fail
  std::size_t batch = 2000;                          ///< records handed on at once
  Duration first_pause = std::chrono::milliseconds(200);
  Duration longest_pause = std::chrono::seconds(15);  ///< between attempts while the far store is away
  Duration read_waits = std::chrono::seconds(2);      ///< for what is on its way to the far store
  /// Keeps a record that the far store refuses for good, or in whose place it has another one of the same id
  /// (kAlreadyExists). It stays in the journal, and holds up what follows, until this
  /// succeeds.
  std::function<Status(const record::Interaction& record, const Error& reason)> keep_aside;
};

/// A log store that is slow, far or away at times, behind a journal on this machine: appends are durable in the journal
/// and are handed on in the order of time, each record until the far store has it; a far store that is away costs
/// nobody anything. Records are in the journal or in the far store, for a moment in both, never in neither.
///
/// What of LogStore's contract is different: reads are the far store's. They wait a moment for what is on its way, and
/// see what is still in the journal after that only by find() and backlog(); settle() waits as long as it is told to.
/// append() knows duplicates in the journal alone; the far store leaves the others out when they come. remove() takes
/// from both.
[[nodiscard]] std::unique_ptr<LogStore> spool(std::unique_ptr<LogStore> journal, std::unique_ptr<LogStore> far,
                                              SpoolOptions options = {});

}  // namespace fw::logstore
