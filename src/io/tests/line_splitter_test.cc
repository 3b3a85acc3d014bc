#include "io/impl/line_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace fw::io {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> lines_of(const std::vector<std::string>& pieces, std::size_t limit = 100) {
  std::vector<std::string> out;
  LineSplitter splitter(limit, [&](std::string line) { out.push_back(std::move(line)); });
  for (const auto& piece : pieces) splitter.feed(piece);
  splitter.finish();
  return out;
}

TEST(LineSplitter, JoinsALineThatComesInPieces) {
  EXPECT_THAT(lines_of({"on", "e\ntw", "o\n"}), ElementsAre("one", "two"));
}

TEST(LineSplitter, TheLastLineNeedsNoBreak) { EXPECT_THAT(lines_of({"one\ntwo"}), ElementsAre("one", "two")); }

TEST(LineSplitter, KeepsEmptyLinesAndDropsCarriageReturns) {
  EXPECT_THAT(lines_of({"a\r\n\nb\n"}), ElementsAre("a", "", "b"));
}

TEST(LineSplitter, CutsALineAtItsLimitHoweverItComes) {
  EXPECT_THAT(lines_of({"abcd", "efgh", "ij\nnext\n"}, 5), ElementsAre("abcde...", "next"));
  EXPECT_THAT(lines_of({"abcde\n"}, 5), ElementsAre("abcde"));
}

TEST(LineSplitter, NothingIsNoLine) { EXPECT_THAT(lines_of({"", ""}), IsEmpty()); }

}  // namespace
}  // namespace fw::io
