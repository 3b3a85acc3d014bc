#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "logstore/log_store.h"

namespace fw::logstore {

/// A backup on its way to the place of a log store: a copy of its files beside that place, so that it gets there by one
/// rename, and the backup itself is only read. Tables, which nobody ever writes to again, are hard links where both lie
/// on one file system. Until put_in_place() the store there is as it was, and in nobody else's use; without it the copy
/// goes with the object. Blocks; not thread-safe.
class RestoredCopy final {
 public:
  /// Makes it, for `place` (the `log` of a data folder), of the log store in `backup`. kNotFound: there is none;
  /// kFailedPrecondition: one of the two is in use; kAlreadyExists: something lies at `place` and `replaces` is false.
  [[nodiscard]] static Result<std::unique_ptr<RestoredCopy>> make(const std::filesystem::path& backup,
                                                                  const std::filesystem::path& place, bool replaces);
  ~RestoredCopy();
  RestoredCopy(const RestoredCopy&) = delete;
  RestoredCopy& operator=(const RestoredCopy&) = delete;

  /// The copy as a store, open until put_in_place(): to be checked.
  [[nodiscard]] LogStore& store();

  /// Where the store that lies at the place is going to be; absent: none does.
  [[nodiscard]] std::optional<std::filesystem::path> moved_aside(Timestamp now) const;
  /// Gives the copy its place, and the store that was there the name of moved_aside(): a crash leaves either the one or
  /// the other at the place. Durable on return.
  [[nodiscard]] Status put_in_place(Timestamp now);

 private:
  struct Impl;
  explicit RestoredCopy(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::logstore
