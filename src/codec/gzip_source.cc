#include "codec/gzip_source.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "base/assert.h"

namespace fw::codec {

bool is_gzip(std::string_view first_bytes) { return first_bytes.starts_with("\x1f\x8b"); }

struct GzipSource::Impl {
  explicit Impl(ByteSource& source) : compressed(source) {
    FW_ASSERT(::inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK);  // 16: gzip framing and its checksum
  }
  ~Impl() { ::inflateEnd(&stream); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// Reads on when all compressed bytes are used; false at the end.
  Result<bool> has_input();
  Result<std::size_t> inflate_into(std::span<char> into);
  [[nodiscard]] Error failure_of(int status) const;
  /// Between two members: whether another one begins.
  Result<bool> begin_next_member();

  ByteSource& compressed;
  z_stream stream{};
  std::array<char, 64 << 10> input{};
  bool is_within_member = true;
  bool is_at_end = false;
  std::optional<Error> failure;  // met after bytes that are right: these are handed out first
};

Error GzipSource::Impl::failure_of(int status) const {
  if (status == Z_MEM_ERROR) return resource_exhausted("out of memory while reading gzip data");
  return data_loss("the gzip data is damaged" + (stream.msg != nullptr ? std::string(": ") + stream.msg : ""));
}

Result<bool> GzipSource::Impl::has_input() {
  if (stream.avail_in > 0) return true;
  FW_ASSIGN(const std::size_t count, compressed.read(input));
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(count);
  return count > 0;
}

Result<bool> GzipSource::Impl::begin_next_member() {
  while (true) {
    FW_ASSIGN(const bool more, has_input());
    if (!more) return false;
    if (*stream.next_in != 0) break;
    ++stream.next_in;
    --stream.avail_in;
  }
  // inflate() itself checks the header; only its first byte decides what follows here.
  if (*stream.next_in != 0x1f) return data_loss("the gzip data is followed by bytes that are not gzip");
  FW_ASSERT(::inflateReset(&stream) == Z_OK);
  is_within_member = true;
  return true;
}

Result<std::size_t> GzipSource::Impl::inflate_into(std::span<char> into) {
  into = into.first(std::min(into.size(), std::size_t{1} << 30));  // zlib counts in 32 bits
  stream.next_out = reinterpret_cast<Bytef*>(into.data());
  stream.avail_out = static_cast<uInt>(into.size());
  while (stream.avail_out == into.size()) {
    if (!is_within_member) {
      FW_ASSIGN(const bool begun, begin_next_member());
      if (!begun) {
        is_at_end = true;
        return 0;
      }
    }
    FW_ASSIGN(const bool more, has_input());
    if (!more) return data_loss("the gzip data is cut short; the file is incomplete");
    const int status = ::inflate(&stream, Z_NO_FLUSH);
    if (status == Z_STREAM_END) {
      is_within_member = false;
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      failure = failure_of(status);
      if (stream.avail_out == into.size()) return *failure;
    }
  }
  return into.size() - stream.avail_out;
}

GzipSource::GzipSource(ByteSource& compressed) : impl_(std::make_unique<Impl>(compressed)) {}
GzipSource::~GzipSource() = default;

Result<std::size_t> GzipSource::read(std::span<char> into) {
  if (impl_->is_at_end) return 0;
  if (impl_->failure) return *impl_->failure;
  auto result = impl_->inflate_into(into);
  if (!result.ok()) impl_->is_at_end = true;
  return result;
}

}  // namespace fw::codec
