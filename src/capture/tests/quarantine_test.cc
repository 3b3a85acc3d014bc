#include "capture/quarantine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "io/file.h"

namespace fw::capture {
namespace {

using testing::ElementsAre;
using testing::Pair;

QuarantinedLine line(std::uint64_t number, std::string reason, std::string bytes) {
  const std::uint64_t length = bytes.size();
  return {.source = "/data/a.jsonl",
          .line = number,
          .reason = std::move(reason),
          .bytes = std::move(bytes),
          .length = length};
}

class QuarantineTest : public testing::Test {
 protected:
  std::unique_ptr<Quarantine> open(const QuarantineLimits& limits = {}) {
    auto opened = Quarantine::open(folder_.path() / "quarantine", limits);
    EXPECT_TRUE(opened.ok());
    return std::move(opened).value();
  }
  std::filesystem::path file() const { return folder_.path() / "quarantine" / "lines.jsonl"; }

  io::TemporaryFolder folder_{"quarantine"};
  const std::vector<QuarantinedLine> lines_{line(3, "not JSON", "{\"a\": \"\n\xc3\xa9"),
                                            line(9, "binary", std::string("\xff\0\x01", 3)), line(12, "not JSON", "")};
};

TEST_F(QuarantineTest, GivesLinesBackByteForByteAlsoAfterReopening) {
  EXPECT_EQ(open()->add(lines_)->kept, 3U);
  const auto quarantine = open();
  EXPECT_EQ(quarantine->list({}, 0, 10)->lines, lines_);
  EXPECT_THAT(quarantine->counts(), ElementsAre(Pair("binary", 1), Pair("not JSON", 2)));
}

TEST_F(QuarantineTest, TheSameLinesAgainChangeNothing) {
  EXPECT_EQ(open()->add(lines_)->kept, 3U);
  const auto quarantine = open();
  EXPECT_EQ(quarantine->add(lines_)->known, 3U);
  EXPECT_EQ(quarantine->add(std::vector{lines_[0], line(4, "x", "y"), line(4, "x", "y")})->kept, 1U);
  EXPECT_EQ(quarantine->list({}, 0, 10)->lines.size(), 4U);
}

TEST_F(QuarantineTest, ListsInPagesAndByReason) {
  const auto quarantine = open();
  ASSERT_TRUE(quarantine->add(lines_).ok());
  const auto first = *quarantine->list("not JSON", 0, 1);
  EXPECT_THAT(first.lines, ElementsAre(lines_[0]));
  const auto second = *quarantine->list("not JSON", *first.next, 1);
  EXPECT_THAT(second.lines, ElementsAre(lines_[2]));
  EXPECT_EQ(second.next, std::nullopt);
  EXPECT_FALSE(quarantine->list({}, 0, 0).ok());
  EXPECT_THAT(quarantine->list({}, 1'000'000, 1)->lines, ElementsAre());
  EXPECT_TRUE(quarantine->list({}, 7, 10).ok());  // within an entry
}

TEST_F(QuarantineTest, KeepsTheBeginningOfALongLineAndItsLength) {
  const auto quarantine = open({.bytes_per_line = 4, .bytes = 1 << 20});
  ASSERT_TRUE(quarantine->add(std::vector{line(1, "long", "0123456789")}).ok());
  const auto page = *quarantine->list({}, 0, 1);
  EXPECT_EQ(page.lines[0].bytes, "0123");
  EXPECT_EQ(page.lines[0].length, 10U);
}

TEST_F(QuarantineTest, KeepsAllOfWhatStandsNowhereElse) {
  const auto quarantine = open({.bytes_per_line = 4});
  const QuarantinedLine record = line(1, "refused", "all of it");
  EXPECT_EQ(quarantine->add(std::vector{record}, /*whole=*/true)->kept, 1U);
  EXPECT_THAT(quarantine->list({}, 0, 10)->lines, ElementsAre(record));
}

TEST_F(QuarantineTest, CountsWhatItHasNoRoomFor) {
  const auto quarantine = open({.bytes_per_line = 100, .bytes = 200});
  const auto report =
      *quarantine->add(std::vector{line(1, "r", std::string(60, 'x')), line(2, "r", std::string(90, 'y'))});
  EXPECT_EQ(report.kept, 1U);
  EXPECT_EQ(report.left_out, 1U);
}

TEST_F(QuarantineTest, AnEntryTornAnywhereIsCutOffAndLaterOnesAreWhole) {
  ASSERT_TRUE(open()->add(lines_).ok());
  const std::string whole = *io::read_file(file());
  const std::size_t last = whole.rfind('\n', whole.size() - 2) + 1;
  for (std::size_t size = last; size < whole.size(); ++size) {
    ASSERT_TRUE(io::write_file_atomically(file(), whole.substr(0, size)).ok());
    const auto quarantine = open();
    EXPECT_EQ(quarantine->add(std::vector{line(13, "r", "x")})->kept, 1U);
    EXPECT_THAT(quarantine->list({}, 0, 10)->lines, ElementsAre(lines_[0], lines_[1], line(13, "r", "x")));
  }
}

TEST_F(QuarantineTest, GarbageInItsFileIsPassedOver) {
  ASSERT_TRUE(open()->add(lines_).ok());
  std::ofstream(file(), std::ios::app) << "garbage\n[1]\n\n{\"line\":-1,\"text\":7}\n";
  EXPECT_EQ(open()->list({}, 0, 10)->lines.size(), 4U);
}

TEST_F(QuarantineTest, WhatIsErasedIsNotInTheFileAndTheRestIs) {
  const auto quarantine = open();
  ASSERT_TRUE(quarantine->add(lines_).ok());
  const auto is_second = [](const QuarantinedLine& line) { return line.reason == "binary"; };
  EXPECT_EQ(*quarantine->count(is_second), 1U);
  EXPECT_EQ(*quarantine->erase(is_second), 1U);
  EXPECT_EQ(*quarantine->erase(is_second), 0U);
  EXPECT_EQ(io::read_file(file(), 1 << 20)->find("binary"), std::string::npos);
  EXPECT_THAT(quarantine->counts(), ElementsAre(Pair("not JSON", 2)));
  // It goes on in the new file, and knows what it still has.
  EXPECT_EQ(quarantine->add(std::vector{lines_[0], line(20, "later", "z")})->known, 1U);
  EXPECT_THAT(open()->list({}, 0, 10)->lines, ElementsAre(lines_[0], lines_[2], line(20, "later", "z")));
}

TEST_F(QuarantineTest, ClearForgetsEverything) {
  const auto quarantine = open();
  ASSERT_TRUE(quarantine->add(lines_).ok());
  ASSERT_TRUE(quarantine->clear().ok());
  EXPECT_TRUE(quarantine->counts().empty());
  EXPECT_EQ(quarantine->add(lines_)->kept, 3U);
  EXPECT_EQ(open()->list({}, 0, 10)->lines, lines_);
}

}  // namespace
}  // namespace fw::capture
