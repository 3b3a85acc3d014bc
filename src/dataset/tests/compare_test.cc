#include "dataset/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fw::dataset {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

std::string evaluation(const std::string& id, const std::string& answer = "yes") {
  return R"({"record_id":")" + id + R"(","request":{"messages":[{"role":"user","content":")" + id +
         R"("}]},"response":{"choices":[{"message":{"role":"assistant","content":")" + answer + "\"}}]}}\n";
}
std::string training(const std::string& text) {
  return R"({"messages":[{"role":"user","content":")" + text + R"("},{"role":"assistant","content":"yes"}]})" + "\n";
}
std::string lineage(const std::vector<std::string>& train, const std::vector<std::string>& validation = {}) {
  std::string out;
  for (const auto& [file, ids] :
       {std::pair("training/train_data.jsonl", &train), std::pair("validation/val_data.jsonl", &validation)}) {
    for (std::size_t i = 0; i < ids->size(); ++i) {
      out += R"({"file":")" + std::string(file) + R"(","row":)" + std::to_string(i) + R"(,"record_id":")" + (*ids)[i] +
             "\"}\n";
    }
  }
  return out;
}

/// Files of a dataset that outlive what looks at them.
struct Made {
  std::string evaluation, training, validation, lineage;
  [[nodiscard]] SideFiles files() const { return {{evaluation, training, validation}, lineage}; }
};

Comparison compared(const Made& a, const Made& b) {
  auto found = compare(a.files(), b.files(), Deadline::never());
  EXPECT_TRUE(found.ok()) << found.error();
  return std::move(*found);
}

const Made kBase{.evaluation = evaluation("e1") + evaluation("e2"),
                 .training = training("one") + training("two"),
                 .validation = training("three"),
                 .lineage = lineage({"t1", "t2"}, {"v1"})};

TEST(Compare, ADatasetIsAsItself) {
  const auto found = compared(kBase, kBase);
  EXPECT_TRUE(found.is_same());
  EXPECT_EQ(found.sides[1].in_first, 2U);
  EXPECT_EQ(found.classes.at("no_tool")[0], (std::array<std::uint64_t, 2>{2, 2}));
}

TEST(Compare, RowsOfOneOnlyAreNamedByTheirRecord) {
  Made other = kBase;
  other.evaluation = evaluation("e2") + evaluation("e3");
  other.training = training("one") + training("two") + training("four");
  other.lineage = lineage({"t1", "t2", "t4"}, {"v1"});
  const auto found = compared(kBase, other);
  EXPECT_FALSE(found.is_same());
  EXPECT_THAT(found.sides[0].only_first, ElementsAre("e1"));
  EXPECT_THAT(found.sides[0].only_second, ElementsAre("e3"));
  EXPECT_THAT(found.sides[1].only_second, ElementsAre("t4"));
  EXPECT_THAT(found.moved, IsEmpty());
}

TEST(Compare, ARowThatChangesSidesIsMovedAndInNeitherAlone) {
  Made other = kBase;
  other.evaluation = evaluation("e1") + evaluation("t2");
  other.training = training("one") + training("e2");
  other.lineage = lineage({"t1", "e2"}, {"v1"});
  const auto found = compared(kBase, other);
  ASSERT_THAT(found.moved, SizeIs(2));
  EXPECT_EQ(found.moved[0].row, "e2");
  EXPECT_EQ(found.moved[0].from, Side::kEvaluation);
  EXPECT_EQ(found.moved[0].to, Side::kTraining);
  EXPECT_EQ(found.moved[1].row, "t2");
  for (const auto& side : found.sides) {
    EXPECT_THAT(side.only_first, IsEmpty());
    EXPECT_THAT(side.only_second, IsEmpty());
  }
  EXPECT_FALSE(found.is_same());
}

TEST(Compare, ARowWithOtherBytesIsChanged) {
  Made other = kBase;
  other.evaluation = evaluation("e1") + evaluation("e2", "no");
  const auto found = compared(kBase, other);
  EXPECT_EQ(found.sides[0].changed, 1U);
  EXPECT_THAT(found.sides[0].only_first, IsEmpty());
  EXPECT_FALSE(found.is_same());
}

TEST(Compare, WithoutLineageRowsAreToldByTheirBytes) {
  Made a = kBase, b = kBase;
  a.lineage = b.lineage = "";
  b.training = training("two") + training("one");
  EXPECT_TRUE(compared(a, b).is_same());
  b.training = training("two");
  const auto found = compared(a, b);
  ASSERT_THAT(found.sides[1].only_first, SizeIs(1));
  EXPECT_THAT(found.sides[1].only_first[0], StartsWith("row:"));
}

TEST(Compare, TheSideOfABadLineIsSaid) {
  Made bad = kBase;
  bad.training += "{}\n";
  const auto found = compare(kBase.files(), bad.files(), Deadline::never());
  ASSERT_FALSE(found.ok());
  EXPECT_THAT(found.error().message, HasSubstr("training"));
  EXPECT_THAT(found.error().message, HasSubstr("line 3"));
}

}  // namespace
}  // namespace fw::dataset
