#include "capture/impl/occurrences.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace fw::capture {
namespace {

TEST(Occurrences, CountsLikeATableOfEverything) {
  Occurrences occurrences(99);
  std::unordered_map<std::uint64_t, std::uint64_t> table;
  Random random(5);
  for (int i = 0; i < 200'000; ++i) {
    const std::uint64_t hash = random.below(100'000) << 40;  // alike in the bits that a table would use
    EXPECT_EQ(occurrences.note(hash), hash == 0 ? table[1]++ : table[hash]++);
  }
}

}  // namespace
}  // namespace fw::capture
