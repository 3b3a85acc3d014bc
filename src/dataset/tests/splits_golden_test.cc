// scikit-learn's recorded splits (golden/README.md, "splits"): every case, over many seeds where lots decide.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "dataset/impl/allocation.h"
#include "dataset/impl/split.h"

namespace fw::dataset {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::uint64_t kSeeds = 40;

Json read_cases(const std::string& file) {
  std::string folder;
  if (const char* golden = std::getenv("FLYWHEEL_GOLDEN_DIR")) {
    folder = golden;
  } else {
    const char* source = std::getenv("FLYWHEEL_SOURCE_DIR");
    folder = std::string(source != nullptr ? source : FW_SOURCE_DIR) + "/tests/golden";
  }
  std::ifstream in(folder + "/splits/" + file);
  EXPECT_TRUE(in.good()) << folder << "/splits/" << file << " cannot be read";
  return Json::parse(in);
}

std::vector<SplitRow> rows_of(const Json& classes) {
  std::vector<SplitRow> rows;
  std::uint32_t class_number = 0;
  for (const auto& [label, count] : classes.items()) {
    for (std::uint64_t i = 0; i < count.get<std::uint64_t>(); ++i) {
      const auto number = static_cast<std::uint32_t>(rows.size());
      rows.push_back({class_number, number, number, false});
    }
    ++class_number;
  }
  return rows;
}

std::vector<std::string> labels_of(const Json& classes) {
  std::vector<std::string> labels;
  for (const auto& [label, count] : classes.items()) labels.insert(labels.end(), count.get<std::uint64_t>(), label);
  return labels;
}

std::map<std::string, std::uint64_t> count_classes(const std::vector<std::string>& names) {
  std::map<std::string, std::uint64_t> counts;
  for (const std::string& name : names) ++counts[name];
  return counts;
}

/// As scikit-learn's callers do: labels that one row bears are `others`.
std::vector<std::string> merged(const std::vector<std::string>& labels) {
  const auto counts = count_classes(labels);
  std::vector<std::string> names;
  for (const std::string& label : labels) names.push_back(counts.at(label) > 1 ? label : "others");
  return names;
}

/// Class counts of a stage among the rows of a side; `classes` names the classes after merging.
std::map<std::string, std::uint64_t> counts_of(const std::vector<std::string>& names, const std::vector<bool>& taken,
                                               const Json& classes) {
  std::map<std::string, std::uint64_t> counts;
  for (const auto& [name, size] : classes.items()) counts[name] = 0;
  for (std::size_t i = 0; i < names.size(); ++i) counts[names[i]] += taken[i];
  return counts;
}

bool is_allowed(const std::map<std::string, std::uint64_t>& counts, const Json& stage) {
  if (!stage.contains("allowed")) return true;
  for (const Json& allowed : stage["allowed"]) {
    if (allowed.get<std::map<std::string, std::uint64_t>>() == counts) return true;
  }
  return false;
}

TEST(GoldenSplits, AllocateGivesWhatExactArithmeticAllows) {
  for (const Json& c : read_cases("allocation.json")) {
    SCOPED_TRACE(c["name"].get<std::string>());
    const auto classes = c["classes"].get<std::vector<std::uint64_t>>();
    std::uint64_t total = 0;
    for (const std::uint64_t size : classes) total += size;
    const std::uint64_t test =
        c["test"].is_number_float() ? rows_of_ratio(c["test"].get<double>(), total) : c["test"].get<std::uint64_t>();
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      Random random(seed);
      const auto result = allocate(classes, test, random);
      if (c.contains("error")) {  // what scikit-learn refuses is allocated all the same, where both sides get rows
        ASSERT_EQ(result.ok(), test > 0 && test < total);
        if (!result.ok()) break;
        EXPECT_EQ(std::accumulate(result->begin(), result->end(), std::uint64_t{0}), test);
        continue;
      }
      ASSERT_TRUE(result.ok());
      EXPECT_EQ(test, c["test_rows"].get<std::uint64_t>());
      if (!c.contains("allowed")) continue;
      const auto allowed = c["allowed"].get<std::vector<std::vector<std::uint64_t>>>();
      EXPECT_NE(std::ranges::find(allowed, *result), allowed.end());
    }
  }
}

struct Flow {
  std::vector<std::string> labels;
  Split split;
};

void expect_stage(const Stage& stage, const Json& expected) {
  EXPECT_EQ(stage.rows, expected["rows"].get<std::uint64_t>());
}

/// The validation stage, where this evaluation side is one of those whose sequel was recorded.
bool check_sequel(const Json& c, const Flow& flow, const std::vector<std::string>& names,
                  const std::map<std::string, std::uint64_t>& eval_counts) {
  if (!c.contains("then")) return false;
  for (const Json& then : c["then"]) {
    if (then["eval"].get<std::map<std::string, std::uint64_t>>() != eval_counts) continue;
    const Json& expected = then["validation"];
    if (expected.is_null()) {
      EXPECT_EQ(flow.split.validation.rows, 0u);
      return true;
    }
    expect_stage(flow.split.validation, expected);
    std::vector<std::string> left;
    std::vector<bool> taken;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (flow.split.sides[i] == Side::kEval) continue;
      left.push_back(names[i]);
      taken.push_back(flow.split.sides[i] == Side::kValidation);
    }
    left = merged(left);
    EXPECT_EQ(count_classes(left), (expected["classes"].get<std::map<std::string, std::uint64_t>>()));
    EXPECT_TRUE(is_allowed(counts_of(left, taken, expected["classes"]), expected));
    return true;
  }
  return false;
}

TEST(GoldenSplits, RecordsFlowToTheThreeSidesAsScikitLearnWouldSendThem) {
  std::uint64_t sequels = 0;
  for (const Json& c : read_cases("pipeline.json")) {
    SCOPED_TRACE(c["name"].get<std::string>());
    const std::vector<SplitRow> rows = rows_of(c["classes"]);
    SplitSettings settings;
    settings.eval_size = c["eval_size"].get<std::uint64_t>();
    settings.val_ratio = c["val_ratio"].get<double>();
    const std::vector<std::string> labels = labels_of(c["classes"]);
    const std::vector<std::string> names = merged(labels);
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      auto split = split_rows(rows, settings, seed);
      ASSERT_EQ(split.ok(), !c.contains("error"));
      if (!split.ok()) break;
      const Flow flow{labels, std::move(*split)};
      expect_stage(flow.split.eval, c["eval"]);
      EXPECT_EQ(count_classes(names), (c["eval"]["classes"].get<std::map<std::string, std::uint64_t>>()));
      EXPECT_EQ(std::ranges::count(flow.split.sides, Side::kEval), c["eval"]["rows"].get<std::int64_t>());
      EXPECT_EQ(std::ranges::count(flow.split.sides, Side::kTrain), c["train_rows"].get<std::int64_t>());
      EXPECT_EQ(std::ranges::count(flow.split.sides, Side::kValidation), c["validation_rows"].get<std::int64_t>());
      std::vector<bool> taken;
      for (const Side side : flow.split.sides) taken.push_back(side == Side::kEval);
      const auto counts = counts_of(names, taken, c["eval"]["classes"]);
      EXPECT_TRUE(is_allowed(counts, c["eval"]));
      sequels += check_sequel(c, flow, names, counts);
    }
  }
  EXPECT_GT(sequels, 100u);
}

}  // namespace
}  // namespace fw::dataset
