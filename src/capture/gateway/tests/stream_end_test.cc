#include "capture/gateway/stream_end.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace fw::capture {
namespace {

/// What goes on of a stream that comes in pieces of `size` bytes, and what is held at its end.
std::pair<std::string, std::string> passed_and_held(Dialect dialect, std::string_view stream, std::size_t size) {
  StreamEnd end(dialect);
  std::string passed;
  for (std::size_t at = 0; at < stream.size(); at += size) passed += end.release(stream.substr(at, size));
  return {passed, end.take()};
}

struct Case {
  Dialect dialect;
  std::string before;
  std::string end;
};

TEST(StreamEnd, HoldsTheLastEventHoweverItIsCut) {
  const std::vector<Case> cases{
      {Dialect::kChatCompletions, "data: {\"choices\":[]}\n\n", "data: [DONE]\n\n"},
      {Dialect::kChatCompletions, ": ping\r\n\r\ndata: {}\r\n\r\n", "data:[DONE]\r\n\r\n"},
      {Dialect::kCompletions, "", "data: [DONE]"},
      {Dialect::kMessages, "event: message_delta\ndata: {\"type\":\"message_delta\"}\n\n",
       "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"},
      {Dialect::kMessages, "data: {\"type\":\"message_delta\"}\n\n", "data: { \"type\": \"message_stop\" }\n\n"},
      {Dialect::kResponses, "event: response.created\ndata: {\"type\":\"response.created\"}\n\n",
       "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\"}}\n\n"},
      {Dialect::kResponses, "data: {\"type\":\"response.in_progress\"}\n\n",
       "data: {\"type\":\"response.failed\"}\n\n"},
  };
  for (const Case& one : cases) {
    const std::string stream = one.before + one.end;
    for (std::size_t size = 1; size <= stream.size(); ++size) {
      const auto [passed, held] = passed_and_held(one.dialect, stream, size);
      EXPECT_EQ(passed, one.before) << "pieces of " << size;
      EXPECT_EQ(held, one.end) << "pieces of " << size;
    }
  }
}

TEST(StreamEnd, TextThatSpeaksOfTheEndPasses) {
  const std::vector<std::pair<Dialect, std::string>> streams{
      {Dialect::kChatCompletions, R"(data: {"choices":[{"delta":{"content":"data: [DONE]\n\ndata: [DONE]"}}]})"},
      {Dialect::kChatCompletions, "event: [DONE]"},
      {Dialect::kMessages, R"(data: {"type":"content_block_delta","delta":{"text":"message_stop"}})"},
      {Dialect::kMessages, "event: message_stopped"},
      {Dialect::kResponses, R"(data: {"type":"response.output_text.delta","delta":"response.completed"})"},
  };
  for (const auto& [dialect, line] : streams) {
    const std::string stream = line + "\n\n" + line + "\n";
    for (const std::size_t size : {std::size_t{1}, std::size_t{7}, stream.size()}) {
      EXPECT_EQ(passed_and_held(dialect, stream, size), std::pair(stream, std::string())) << line;
    }
  }
}

TEST(StreamEnd, AnEndWithoutEndIsNotHeldForEver) {
  StreamEnd end(Dialect::kChatCompletions);
  EXPECT_EQ(end.release("data: [DONE]\n\n"), "");
  std::size_t held = 14;
  for (int i = 0; i < 100; ++i) {
    const std::string piece(StreamEnd::kMostHeld / 10, 'x');
    held += piece.size();
    held -= end.release(piece).size();
    EXPECT_LE(held, StreamEnd::kMostHeld);
    EXPECT_GE(held, 1U);
  }
  EXPECT_EQ(end.take().size(), held);

  StreamEnd blanks(Dialect::kChatCompletions);
  EXPECT_EQ(blanks.release(std::string(100'000, ' ')).size(), 100'000U);
}

}  // namespace
}  // namespace fw::capture
