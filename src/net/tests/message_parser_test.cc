// Messages that come in pieces: wherever the network cuts them, they read as when they come whole.
#include "net/impl/message_parser.h"

#include <gtest/gtest.h>

namespace fw::net {
namespace {

constexpr std::string_view kHead = "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

/// The body, read `piece` bytes at a time; what was not used comes again with more behind it.
std::string body_in_pieces(std::string_view message, std::size_t piece) {
  RequestParser parser({});
  std::string unread, body;
  while (!parser.is_done()) {
    const auto used = parser.feed(unread);
    if (!used.ok()) return "refused: " + used.error().message;
    unread.erase(0, *used);
    body += parser.take_body();
    if (parser.is_done() || *used > 0) continue;
    if (message.empty()) return "no end";
    unread += message.substr(0, piece);
    message.remove_prefix(std::min(piece, message.size()));
  }
  return body;
}

TEST(MessageParser, ChunkedBodiesReadTheSameWhereverTheyAreCut) {
  for (const auto& [chunks, body] : {std::pair{"0\r\n\r\n", ""},
                                     {"2\r\ntw\r\n1\r\no\r\n0\r\n\r\n", "two"},
                                     {"0\r\nT: 1\r\n\r\n", ""},
                                     {"1\r\na\r\n000;x=y\r\nT: 1\r\nU: 2\r\n\r\n", "a"}})
    for (std::size_t piece = 1; piece <= 80; ++piece)
      EXPECT_EQ(body_in_pieces(std::string(kHead) + chunks, piece), body) << chunks << " in pieces of " << piece;
}

TEST(MessageParser, ABrokenLastChunkIsRefusedWhereverItIsCut) {
  for (std::size_t piece = 1; piece <= 80; ++piece) {
    EXPECT_TRUE(body_in_pieces(std::string(kHead) + "0\r\nno field\r\n\r\n", piece).starts_with("refused")) << piece;
    EXPECT_EQ(body_in_pieces(std::string(kHead) + "0\r\n", piece), "no end") << piece;
  }
}

}  // namespace
}  // namespace fw::net
