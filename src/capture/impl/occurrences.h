#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace fw::capture {

/// Counts how often each hash has come: 8 bytes a hash at a load of at most two thirds, and a table of those that came
/// more than once. Ten million different lines take 256 MiB at most. Not thread-safe.
class Occurrences final {
 public:
  /// The salt decides only where hashes lie: drawn anew each time, nobody can make lines that all fall on one place.
  explicit Occurrences(std::uint64_t salt) : salt_(salt), slots_(1024) {}

  /// How often this hash came before.
  std::uint64_t note(std::uint64_t hash);

 private:
  /// Where the hash is, or the free slot where it belongs.
  [[nodiscard]] std::size_t slot_of(std::uint64_t hash) const;
  void grow();

  std::uint64_t salt_;
  std::vector<std::uint64_t> slots_;  // 0: free; the size is a power of two
  std::size_t used_ = 0;
  std::unordered_map<std::uint64_t, std::uint64_t> again_;  // hash -> times after the first
};

}  // namespace fw::capture
