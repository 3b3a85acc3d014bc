#include "codec/line_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace fw::codec {
namespace {

using testing::ElementsAre;

std::vector<std::string> lines_of(std::string_view text, std::size_t piece = SIZE_MAX, std::size_t limit = 1000) {
  StringSource source(text, piece);
  LineReader reader(source, limit);
  std::vector<std::string> lines;
  while (true) {
    auto line = reader.next();
    EXPECT_TRUE(line.ok());
    if (!*line) return lines;
    EXPECT_EQ((*line)->number, lines.size() + 1);
    lines.push_back(std::string((*line)->bytes) +
                    ((*line)->is_cut() ? "...of " + std::to_string((*line)->length) : ""));
  }
}

TEST(LineReader, SplitsWhereverThePiecesEnd) {
  for (const std::size_t piece : {1U, 2U, 3U, 100U}) {
    EXPECT_THAT(lines_of("ab\n\ncd\r\n\re", piece), ElementsAre("ab", "", "cd", "\re"));
  }
}

TEST(LineReader, AnEmptyStreamHasNoLinesAndAFinalNewlineMakesNone) {
  EXPECT_THAT(lines_of(""), ElementsAre());
  EXPECT_THAT(lines_of("a\n"), ElementsAre("a"));
  EXPECT_THAT(lines_of("\n"), ElementsAre(""));
}

TEST(LineReader, CutsALongLineSaysItsLengthAndGoesOn) {
  for (const std::size_t piece : {1U, 4U, 100U}) {
    EXPECT_THAT(lines_of("0123456789\nab\n0123\n", piece, 4), ElementsAre("0123...of 10", "ab", "0123"));
    EXPECT_THAT(lines_of("0123456789", piece, 4), ElementsAre("0123...of 10"));
    EXPECT_THAT(lines_of("01234\r\n\nx", piece, 4), ElementsAre("0123...of 5", "", "x"));
  }
}

/// A line that never ends, as a device file would give.
class EndlessLine final : public ByteSource {
 public:
  explicit EndlessLine(std::uint64_t length) : left_(length) {}
  Result<std::size_t> read(std::span<char> into) override {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
    std::fill_n(into.begin(), count, 'x');
    left_ -= count;
    largest_read = std::max(largest_read, into.size());
    return count;
  }
  std::size_t largest_read = 0;

 private:
  std::uint64_t left_;
};

TEST(LineReader, ALineOfAGigabyteTakesTheMemoryOfItsLimit) {
  EndlessLine source(1ULL << 30);
  LineReader reader(source, 1 << 20);
  const auto line = reader.next();
  EXPECT_EQ((*line)->length, 1ULL << 30);
  EXPECT_EQ((*line)->bytes.size(), 1U << 20);
  EXPECT_LT(source.largest_read, 2U << 20);
}

/// Lines of 3 MiB, one after the other.
class LongLines final : public ByteSource {
 public:
  Result<std::size_t> read(std::span<char> into) override {
    largest_read = std::max(largest_read, into.size());
    const std::size_t count = std::min<std::uint64_t>(into.size(), kLines * kLine - at_);
    for (std::size_t i = 0; i < count; ++i) into[i] = ++at_ % kLine == 0 ? '\n' : 'x';
    return count;
  }
  static constexpr std::uint64_t kLine = 3 << 20;
  static constexpr std::uint64_t kLines = 30;
  std::size_t largest_read = 0;

 private:
  std::uint64_t at_ = 0;
};

TEST(LineReader, ManyLongLinesTakeTheMemoryOfOne) {
  LongLines source;
  LineReader reader(source, 1 << 20);
  std::size_t lines = 0;
  for (auto line = reader.next(); *line; line = reader.next()) ++lines;
  EXPECT_EQ(lines, LongLines::kLines);
  EXPECT_LT(source.largest_read, 2U << 20);
}

class FailingSource final : public ByteSource {
 public:
  Result<std::size_t> read(std::span<char> into) override {
    if (is_first_) {
      is_first_ = false;
      return StringSource("whole\nhalf").read(into);
    }
    return data_loss("disk error");
  }

 private:
  bool is_first_ = true;
};

TEST(LineReader, PassesTheSourcesErrorOnAfterTheWholeLines) {
  FailingSource source;
  LineReader reader(source, 100);
  EXPECT_EQ((**reader.next()).bytes, "whole");
  EXPECT_EQ(reader.next().error().message, "disk error");
}

}  // namespace
}  // namespace fw::codec
