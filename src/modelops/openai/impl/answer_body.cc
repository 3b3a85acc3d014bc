#include "modelops/openai/impl/answer_body.h"

#include <array>

#include "codec/unpack.h"
#include "modelops/openai/event_stream.h"

namespace fw::modelops {
namespace {

Result<std::string> unpacked(std::string_view packed, std::size_t max_bytes) {
  codec::StringSource source(packed);
  const auto gzip = codec::unpack(codec::Packing::kGzip, source);
  std::string out;
  std::array<char, 64 * 1024> piece;
  while (true) {
    auto count = gzip->read(piece);
    if (!count.ok()) return count.error().within("the answer's gzip body");
    if (*count == 0) return out;
    if (out.size() + *count > max_bytes) return too_large("the answer is larger than it may be once it is unpacked");
    out.append(piece.data(), *count);
  }
}

}  // namespace

Result<PlainAnswer> plain_answer(net::Response response, std::size_t max_bytes) {
  const std::string coding(response.headers.find("Content-Encoding").value_or(""));
  if (codec::packing_of(response.body) == codec::Packing::kGzip) {
    FW_ASSIGN(response.body, unpacked(response.body, max_bytes));
  } else if (!coding.empty() && !net::equals_ignoring_case(coding, "identity") && coding.find("gzip") == coding.npos) {
    return unimplemented("the answer is compressed (" + coding.substr(0, 40) + ") though that was not asked for; " +
                         "switch it off at the endpoint or at the proxy before it");
  }
  response.headers.remove("Content-Encoding");
  if (!response.is_success() || !is_event_stream(response)) return PlainAnswer{std::move(response)};
  FW_ASSIGN(response.body, assemble_completion(response.body));
  response.headers.set("Content-Type", "application/json");
  return PlainAnswer{std::move(response), true};
}

}  // namespace fw::modelops
