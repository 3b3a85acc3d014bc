#include "net/sse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fw::net {
namespace {

using testing::ElementsAre;

std::vector<SseEvent> read(SseReader& reader, std::string_view bytes) { return reader.push(bytes).value(); }

TEST(SseReader, JoinsDataLinesOfOneEvent) {
  SseReader reader;
  EXPECT_THAT(read(reader, "event: delta\ndata: a\ndata: b\n\n"), ElementsAre(SseEvent{"delta", "a\nb", ""}));
}

}  // namespace
}  // namespace fw::net
