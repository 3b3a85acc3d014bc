#include <zlib.h>

#include <algorithm>

#include "base/assert.h"
#include "codec/impl/decoder.h"

namespace fw::codec {
namespace {

constexpr std::size_t kMost = std::size_t{1} << 30;  // zlib counts in 32 bits

class GzipDecoder final : public Decoder {
 public:
  GzipDecoder() {
    FW_ASSERT(::inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK);  // 16: gzip framing and its checksum
  }
  ~GzipDecoder() override { ::inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  [[nodiscard]] Result<Step> step(std::span<const char>& in, std::span<char>& out) override {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(std::min(in.size(), kMost));
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min(out.size(), kMost));
    const int status = ::inflate(&stream_, Z_NO_FLUSH);
    in = in.subspan(static_cast<std::size_t>(reinterpret_cast<char*>(stream_.next_in) - in.data()));
    out = out.subspan(static_cast<std::size_t>(reinterpret_cast<char*>(stream_.next_out) - out.data()));
    if (status == Z_STREAM_END) {
      FW_ASSERT(::inflateReset(&stream_) == Z_OK);
      return Step::kMemberEnd;
    }
    if (status == Z_OK || status == Z_BUF_ERROR) return Step::kWithin;
    if (status == Z_MEM_ERROR) return resource_exhausted("out of memory while reading gzip data");
    return data_loss("the gzip data is damaged" + (stream_.msg != nullptr ? std::string(": ") + stream_.msg : ""));
  }

 private:
  z_stream stream_{};
};

}  // namespace

std::unique_ptr<Decoder> make_gzip_decoder() { return std::make_unique<GzipDecoder>(); }

}  // namespace fw::codec
