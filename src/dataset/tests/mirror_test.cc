// The draw mirrors traffic: over generated traffic of many mixes, each length's and each class's share on the
// evaluation side lies within the error of a sample.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/random.h"
#include "dataset/impl/split.h"

namespace fw::dataset {
namespace {

struct Mixture {
  std::vector<SplitRow> rows;
  std::map<std::uint32_t, std::uint32_t> lengths;  // by conversation
};

/// Conversations of a few lengths; each leans to one class.
Mixture mixture_of(Random& random) {
  constexpr std::uint32_t kLengths[] = {1, 2, 3, 5, 8, 12, 20, 30};
  Mixture out;
  const std::uint64_t kinds = 1 + random.below(4);
  std::vector<std::uint32_t> lengths;
  for (std::uint64_t i = 0; i < kinds; ++i) lengths.push_back(kLengths[random.below(8)]);
  const std::uint64_t classes = 1 + random.below(8);
  std::uint32_t conversation = 0;
  while (out.rows.size() < 1500) {
    const std::uint32_t length = lengths[random.below(kinds)];
    const auto leaning = static_cast<std::uint32_t>(random.below(classes));
    for (std::uint32_t i = 0; i < length; ++i) {
      const auto label = random.below(2) == 0 ? leaning : static_cast<std::uint32_t>(random.below(classes));
      out.rows.push_back({label, conversation, conversation, false});
    }
    out.lengths[conversation++] = length;
  }
  return out;
}

template <class KeyOf>
std::map<std::uint32_t, std::pair<double, double>> shares(const Mixture& mixture, const Split& split, KeyOf key_of) {
  std::map<std::uint32_t, std::pair<double, double>> out;  // of the traffic, of the evaluation
  const auto eval = static_cast<double>(std::ranges::count(split.sides, Side::kEval));
  for (std::size_t i = 0; i < mixture.rows.size(); ++i) {
    auto& [traffic, drawn] = out[key_of(mixture.rows[i])];
    traffic += 1.0 / static_cast<double>(mixture.rows.size());
    drawn += split.sides[i] == Side::kEval ? 1.0 / eval : 0;
  }
  return out;
}

TEST(Draw, GivesEachLengthAndClassItsShareOfTheEvaluation) {
  double bias_of_long = 0;
  int mixtures = 0;
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Mixture mixture = mixture_of(random);
    SplitSettings settings;
    settings.eval_size = seed % 2 == 0 ? 20 : 120;
    const Split split = split_rows(mixture.rows, settings, seed).value();
    const auto n = static_cast<double>(settings.eval_size);
    EXPECT_EQ(std::ranges::count(split.sides, Side::kEval), static_cast<std::int64_t>(settings.eval_size));
    std::uint32_t longest = 0;
    for (const auto& [conversation, length] : mixture.lengths) longest = std::max(longest, length);
    const auto by_length =
        shares(mixture, split, [&](const SplitRow& row) { return mixture.lengths.at(row.conversation); });
    for (const auto& [length, share] : by_length) {
      // Lengths of one cell share its rows by lot, a conversation at a time.
      const double error = std::sqrt(share.first * std::max(0.0, 1 - share.first) * length / n) + 1 / n;
      EXPECT_NEAR(share.second, share.first, 3 * error) << "length " << length;
    }
    const auto by_class = shares(mixture, split, [](const SplitRow& row) { return row.label; });
    for (const auto& [label, share] : by_class) {
      const double error =
          std::sqrt(share.first * std::max(0.0, 1 - share.first) * std::min<double>(longest, n / 2) / n) + 1 / n;
      EXPECT_NEAR(share.second, share.first, 3 * error) << "class " << label;
    }
    if (by_length.size() < 2) continue;
    bias_of_long += by_length.rbegin()->second.second - by_length.rbegin()->second.first;
    ++mixtures;
  }
  EXPECT_NEAR(bias_of_long / mixtures, 0, 0.02) << "long conversations are neither left out nor preferred";
}

TEST(Draw, TakesLongConversationsWithTheirShareWhereClassesAreMany) {
  std::vector<SplitRow> rows;
  for (std::uint32_t c = 0; c < 7; ++c) {
    for (std::uint32_t i = 0; i < 30; ++i) rows.push_back({i % 8, c, c, false});
  }
  for (std::uint32_t c = 7; c < 297; ++c) rows.push_back({c % 8, c, c, false});
  SplitSettings settings;
  settings.eval_size = 20;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Split split = split_rows(rows, settings, seed).value();
    const auto of_long = std::count(split.sides.begin(), split.sides.begin() + 210, Side::kEval);
    EXPECT_GE(of_long, 8);  // 42 % of 20
    EXPECT_LE(of_long, 9);
    EXPECT_EQ(std::ranges::count(split.sides, Side::kEval), 20);
  }
}

TEST(Draw, LeavesHalfOfTheRowsToTheLotHoweverManyRequestsAreFrequent) {
  std::vector<SplitRow> rows;
  for (std::uint32_t i = 0; i < 200; ++i) rows.push_back({i % 4, i, i, false, i < 30 ? 100 + i : 1});
  SplitSettings settings;
  settings.eval_size = 40;
  const Split split = split_rows(rows, settings, 3).value();
  EXPECT_EQ(std::ranges::count(split.sides, Side::kEval), 40);
  EXPECT_EQ(std::ranges::count(split.is_frequent, true), 20);
  for (std::size_t i = 10; i < 30; ++i) EXPECT_TRUE(split.is_frequent[i]) << "the most frequent first: " << i;
}

TEST(Draw, IsNotLedAstrayByOneLoneClass) {
  std::vector<SplitRow> rows;
  for (std::uint32_t i = 0; i < 400; ++i) rows.push_back({i == 0 ? 9 : i % 4, i, i, false});
  SplitSettings settings;
  settings.eval_size = 40;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Split split = split_rows(rows, settings, seed).value();
    std::map<std::uint32_t, int> counts;
    for (std::size_t i = 0; i < rows.size(); ++i) counts[rows[i].label] += split.sides[i] == Side::kEval;
    for (std::uint32_t label = 0; label < 4; ++label) EXPECT_NEAR(counts[label], 10, 1);
  }
}

}  // namespace
}  // namespace fw::dataset
