// A connection's bytes in pieces (sizes from the first byte), through the same parser, buffer and limits that the
// server and the client use. The second byte chooses requests or answers.

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/assert.h"
#include "net/impl/message_parser.h"
#include "net/impl/read_buffer.h"

namespace {

constexpr fw::net::ParserLimits kLimits{.header_bytes = 2048, .body_bytes = 10'000, .fields = 50};

/// Messages one after the other until the bytes end or one is refused.
template <class Parser>
void parse_connection(std::string_view bytes, std::size_t piece) {
  fw::net::ReadBuffer buffer;
  while (true) {
    Parser parser(kLimits);
    std::size_t body = 0;
    while (!parser.is_done()) {
      const auto used = parser.feed(buffer.unread());
      if (!used.ok()) {
        FW_ASSERT(parser.refusal() >= 400 && !used.error().message.empty());
        return;
      }
      buffer.consume(*used);
      body += parser.take_body().size();
      FW_ASSERT(body <= kLimits.body_bytes);
      FW_ASSERT(parser.headers().size() <= kLimits.fields);
      if (parser.is_done() || *used > 0) continue;
      if (bytes.empty()) return void(parser.feed_end());
      const auto room = buffer.room();
      const std::size_t n = std::min({piece, room.size, bytes.size()});
      std::memcpy(room.data, bytes.data(), n);
      buffer.filled(n);
      bytes.remove_prefix(n);
      FW_ASSERT(buffer.unread().size() <= kLimits.header_bytes + fw::net::ReadBuffer::kSize);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t piece = std::size_t{data[0]} * 8 + 1;
  if (data[1] % 2 == 0) {
    parse_connection<fw::net::RequestParser>(bytes, piece);
  } else {
    parse_connection<fw::net::AnswerParser>(bytes, piece);
  }
  return 0;
}
