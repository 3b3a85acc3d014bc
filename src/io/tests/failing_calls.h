#pragma once

namespace fw::io::testing {

/// System calls that change files, made to fail: all of them from one on, with an error of choice, until well again.
/// What counts: opening a file, writing, syncing, truncating and renaming, in the whole process, libraries included
/// (the calls of the program that links failing_calls.cc take the place of the C library's). Standard streams are left
/// alone. For tests of one thread.
class FailingCalls final {
 public:
  /// Lets `calls` of them succeed, and fails those after them with this errno. EMFILE is for opening alone.
  FailingCalls(long calls, int error);
  ~FailingCalls();
  FailingCalls(const FailingCalls&) = delete;
  FailingCalls& operator=(const FailingCalls&) = delete;

  /// Whether one has failed yet.
  [[nodiscard]] bool has_failed() const;
};

/// A slow disk: while it lives, fdatasync waits until it goes.
class HeldSyncs final {
 public:
  HeldSyncs();
  ~HeldSyncs();
  HeldSyncs(const HeldSyncs&) = delete;
  HeldSyncs& operator=(const HeldSyncs&) = delete;

  /// Returns when a sync is held.
  void wait_for_one() const;
};

}  // namespace fw::io::testing
