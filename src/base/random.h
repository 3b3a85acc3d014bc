#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fw {

/// A seeded generator (xoshiro256**, Blackman and Vigna 2018) whose every derived draw is written out here, so that a
/// seed gives the same numbers with every compiler and library. Not for secrets. Not thread-safe; a value, copied
/// freely.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  /// A generator for one purpose: independent of how much was drawn for others. Same seed and purpose, same stream.
  [[nodiscard]] static Random for_purpose(std::uint64_t seed, std::string_view purpose);

  std::uint64_t next();
  /// Uniform in [0, bound), without modulo bias. bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [0, 1), 53 bits.
  double uniform();

  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::array<std::uint64_t, 4> state_{};
};

/// Bytes from the operating system, for ids and keys. `count` bytes as 2 * count lower-case hex digits.
[[nodiscard]] std::string random_hex(std::size_t count);

}  // namespace fw
