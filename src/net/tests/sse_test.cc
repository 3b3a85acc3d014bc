#include "net/sse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace fw::net {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<SseEvent> read_all_of(std::string_view bytes) {
  SseReader reader;
  return reader.push(bytes).value();
}

TEST(SseReader, JoinsDataLinesOfOneEvent) {
  EXPECT_THAT(read_all_of("event: delta\ndata: a\ndata:b\ndata\ndata:  c\n\n"),
              ElementsAre(SseEvent{"delta", "a\nb\n\n c", ""}));
}

TEST(SseReader, TakesAllThreeLineEndsAndSkipsTheByteOrderMark) {
  EXPECT_THAT(read_all_of("\xEF\xBB\xBF"
                          "data: a\r\n\r\ndata: b\r\rdata: c\n\n"),
              ElementsAre(SseEvent{"", "a", ""}, SseEvent{"", "b", ""}, SseEvent{"", "c", ""}));
}

TEST(SseReader, SkipsCommentsUnknownFieldsAndEventsWithoutData) {
  EXPECT_THAT(read_all_of(": ping\n\nevent: lonely\n\ncolour: red\ndata: a\n\n"), ElementsAre(SseEvent{"", "a", ""}));
}

TEST(SseReader, TheLastIdStaysUntilAnotherComes) {
  EXPECT_THAT(
      read_all_of(std::string_view("id: 1\ndata: a\n\ndata: b\n\nid: x\0y\ndata: c\n\nid\ndata: d\n\n", 53)),
      ElementsAre(SseEvent{"", "a", "1"}, SseEvent{"", "b", "1"}, SseEvent{"", "c", "1"}, SseEvent{"", "d", ""}));
}

TEST(SseReader, KeepsRetryOnlyWhenItIsANumber) {
  SseReader reader;
  ASSERT_TRUE(reader.push("retry: 250\n\nretry: soon\n\n").ok());
  EXPECT_EQ(reader.retry_ms(), 250U);
}

TEST(SseReader, JoinsToolCallArgumentsWhateverThePiecesTheyComeIn) {
  const std::string stream =
      "data: {\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"city\"}}]}\r\n\r\n"
      "event: x\rid: 7\rdata: line\rdata: two\r\r: keep-alive\n\ndata: [DONE]\n\n";
  const auto whole = read_all_of(stream);
  ASSERT_EQ(whole.size(), 3U);
  Random random(5);
  for (int round = 0; round < 500; ++round) {
    SseReader reader;
    std::vector<SseEvent> joined;
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t piece = 1 + random.below(round % 10 == 0 ? 1 : 40);
      for (auto& event : reader.push(std::string_view(stream).substr(at, piece)).value())
        joined.push_back(std::move(event));
      at += piece;
    }
    ASSERT_EQ(joined, whole);
  }
}

TEST(SseReader, GivesTheLastEventThatLackedOnlyItsBlankLine) {
  SseReader reader;
  EXPECT_THAT(reader.push("data: [DONE]").value(), IsEmpty());
  EXPECT_EQ(reader.finish(), (SseEvent{"", "[DONE]", ""}));
  EXPECT_EQ(SseReader().finish(), std::nullopt);
}

TEST(SseReader, AnEventBeyondTheLimitIsTooLargeInOneLineOrInMany) {
  SseReader line(100);
  EXPECT_EQ(line.push("data: " + std::string(200, 'x')).error().code, ErrorCode::kTooLarge);
  EXPECT_FALSE(line.push("\n\n").ok());
  EXPECT_EQ(line.finish(), std::nullopt);
  SseReader lines(100);
  std::string many;
  for (int i = 0; i < 50; ++i) many += "data: xxxx\n";
  EXPECT_FALSE(lines.push(many).ok());
  SseReader separate(100);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(separate.push("data: xxxx\n\n").ok());
}

TEST(SseReader, EventsBeforeOneThatIsTooLargeAreNotLost) {
  SseReader reader(100);
  EXPECT_THAT(reader.push("data: a\n\ndata: b\n\ndata: " + std::string(200, 'x')).value(),
              ElementsAre(SseEvent{"", "a", ""}, SseEvent{"", "b", ""}));
  EXPECT_EQ(reader.push("y").error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(reader.finish(), std::nullopt);
}

TEST(EncodeSse, IsReadBackAsItWas) {
  for (const SseEvent& event : {SseEvent{"stage", "a", "1"}, SseEvent{"", "", ""}, SseEvent{"", "a\nb\n", ""},
                                SseEvent{"", "\n", ""}, SseEvent{"", " leading", ""}, SseEvent{"x", "\n\na", "9"}}) {
    EXPECT_THAT(read_all_of(encode_sse(event)), ElementsAre(event)) << encode_sse(event);
  }
}

TEST(EncodeSse, ALineBreakInANameCannotForgeAField) {
  EXPECT_THAT(read_all_of(encode_sse({"a\ndata: forged", "x", "1\rdata: forged"})),
              ElementsAre(SseEvent{"a", "x", "1"}));
}

}  // namespace
}  // namespace fw::net
