#include "capture/bulk/impl/packed_body.h"

#include "capture/impl/outside_error.h"
#include "codec/unpack.h"

namespace fw::capture::elastic {

bool Call::has_flag(std::string_view flag) const {
  const auto value = query.find(flag);
  return value && *value != "false" && *value != "0";
}

Result<std::unique_ptr<PackedBody>> PackedBody::open(const Call& call, std::size_t limit) {
  std::unique_ptr<PackedBody> body(new PackedBody(call.body, limit));
  const auto encoding = call.headers.find("Content-Encoding");
  if (!encoding || net::equals_ignoring_case(*encoding, "identity")) return body;
  if (call.body.empty()) return body;
  if (net::equals_ignoring_case(*encoding, "gzip")) {
    body->unpacked_ = codec::unpack(codec::Packing::kGzip, body->packed_);
  } else if (net::equals_ignoring_case(*encoding, "zstd")) {
    body->unpacked_ = codec::unpack(codec::Packing::kZstd, body->packed_);
  } else {
    return invalid_argument("Content-Encoding \"" + std::string(*encoding) + "\" is not known; send gzip or nothing");
  }
  return body;
}

Result<std::size_t> PackedBody::read(std::span<char> into) {
  const auto count = unpacked_ ? unpacked_->read(into) : packed_.read(into);
  if (!count.ok()) return of_packed_body(count.error());
  read_ += *count;
  if (read_ > limit_) {
    return too_large("the body holds more than " + std::to_string(limit_) + " bytes; send smaller ones");
  }
  return *count;
}

Result<std::string> unpacked_body(const Call& call, std::size_t limit) {
  FW_ASSIGN(const auto source, PackedBody::open(call, limit));
  std::string text;
  std::string piece(std::size_t{64} << 10, '\0');
  while (true) {
    FW_ASSIGN(const std::size_t count, source->read(piece));
    if (count == 0) return text;
    text.append(piece, 0, count);
  }
}

}  // namespace fw::capture::elastic
