#include <lzma.h>

#include "base/assert.h"
#include "codec/impl/decoder.h"

namespace fw::codec {
namespace {

class XzDecoder final : public Decoder {
 public:
  XzDecoder() { begin(); }
  ~XzDecoder() override { ::lzma_end(&stream_); }
  XzDecoder(const XzDecoder&) = delete;
  XzDecoder& operator=(const XzDecoder&) = delete;

  [[nodiscard]] Result<Step> step(std::span<const char>& in, std::span<char>& out) override {
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    stream_.avail_in = in.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    stream_.avail_out = out.size();
    const lzma_ret status = ::lzma_code(&stream_, LZMA_RUN);
    in = in.last(stream_.avail_in);
    out = out.last(stream_.avail_out);
    switch (status) {
      case LZMA_OK:
      case LZMA_BUF_ERROR: return Step::kWithin;
      case LZMA_STREAM_END: begin(); return Step::kMemberEnd;
      case LZMA_MEM_ERROR: return resource_exhausted("out of memory while reading xz data");
      case LZMA_MEMLIMIT_ERROR:
        return too_large("the xz data needs a window beyond 256 MiB; unpack it first (xz -d FILE)");
      default: return data_loss("the xz data is damaged");
    }
  }

 private:
  void begin() { FW_ASSERT(::lzma_stream_decoder(&stream_, kMaxWindowBytes, 0) == LZMA_OK); }

  lzma_stream stream_ = LZMA_STREAM_INIT;
};

}  // namespace

std::unique_ptr<Decoder> make_xz_decoder() { return std::make_unique<XzDecoder>(); }

}  // namespace fw::codec
