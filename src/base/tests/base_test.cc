#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/edit_distance.h"
#include "base/hash.h"
#include "base/percent.h"
#include "base/random.h"
#include "base/result.h"

namespace fw {
namespace {

TEST(Random, SameSeedAndPurposeGiveTheSameStreamWhateverElseWasDrawn) {
  Random a = Random::for_purpose(7, "split");
  Random other = Random::for_purpose(7, "icl");
  other.next();
  Random b = Random::for_purpose(7, "split");
  EXPECT_EQ(a.next(), b.next());
  EXPECT_NE(a.next(), other.next());
}

TEST(Random, BelowReachesEveryValueAndNoOther) {
  Random random(0);
  std::array<int, 5> seen{};
  for (int i = 0; i < 1000; ++i) ++seen.at(random.below(5));
  EXPECT_THAT(seen, testing::Each(testing::Gt(140)));
}

TEST(Random, BytesOfTheKernelNeverComeTwiceNotEvenInAChildOfAFork) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(random_hex(10)).second);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string own = random_hex(10);
    ::_exit(::write(ends[1], own.data(), own.size()) == std::ssize(own) ? 0 : 1);
  }
  std::string of_child(20, '\0');
  ASSERT_EQ(::read(ends[0], of_child.data(), of_child.size()), std::ssize(of_child));
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_NE(of_child, random_hex(10));
}

TEST(Hash, MatchesPublishedVectors) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hmac_sha256_hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Clock, PrintsTheBlueprintsTimestamps) {
  EXPECT_EQ(to_iso8601(from_epoch_seconds(1'700'000'000) + std::chrono::milliseconds(5)), "2023-11-14T22:13:20.005000");
}

TEST(Clock, ATimeBeyondTheEndOfTimeIsTheEndOfTime) {
  EXPECT_EQ(saturating_add(Instant::max() - std::chrono::seconds(1), std::chrono::seconds(2)), Instant::max());
  EXPECT_EQ(saturating_add(Instant{}, Duration::max()), Instant::max());
  EXPECT_EQ(saturating_add(Instant{}, std::chrono::seconds(-2)), Instant{} - std::chrono::seconds(2));
}

TEST(NearestName, FindsTheTypoAndNothingFarAway) {
  const std::vector<std::string> keys{"eval_size", "val_ratio", "random_seed"};
  EXPECT_EQ(nearest_name("evalsize", keys), "eval_size");
  EXPECT_EQ(nearest_name("vla_ratio", keys), "val_ratio");
  EXPECT_EQ(nearest_name("webhooks", keys), std::nullopt);
}

Result<int> half(int n) {
  if (n % 2 != 0) return invalid_argument("odd");
  return n / 2;
}
Result<int> quarter(int n) {
  FW_ASSIGN(const int first, half(n));
  return half(first);
}

TEST(Result, PassesTheFirstErrorOn) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error().within("quarter").message, "quarter: odd");
}

TEST(Percent, MeasuredSharesHaveATenthAndThoseThatWereSetAreShort) {
  EXPECT_EQ(percent(0.98), "98.0 %");
  EXPECT_EQ(percent(1), "100.0 %");
  EXPECT_EQ(percent_as_set(0.05), "5 %");
  EXPECT_EQ(percent_as_set(0.0005), "0.05 %");
}

}  // namespace
}  // namespace fw
