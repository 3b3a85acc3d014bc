#include <zstd.h>
#include <zstd_errors.h>

#include <bit>
#include <string>

#include "base/assert.h"
#include "codec/impl/decoder.h"

namespace fw::codec {
namespace {

class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() : stream_(ZSTD_createDStream()) {
    FW_ASSERT(stream_ != nullptr);
    const int window_log = std::countr_zero(kMaxWindowBytes);
    FW_ASSERT(ZSTD_isError(ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, window_log)) == 0);
  }
  ~ZstdDecoder() override { ZSTD_freeDStream(stream_); }
  ZstdDecoder(const ZstdDecoder&) = delete;
  ZstdDecoder& operator=(const ZstdDecoder&) = delete;

  [[nodiscard]] Result<Step> step(std::span<const char>& in, std::span<char>& out) override {
    ZSTD_inBuffer input{.src = in.data(), .size = in.size(), .pos = 0};
    ZSTD_outBuffer output{.dst = out.data(), .size = out.size(), .pos = 0};
    const std::size_t status = ZSTD_decompressStream(stream_, &output, &input);
    in = in.subspan(input.pos);
    out = out.subspan(output.pos);
    if (ZSTD_isError(status) != 0) return failure_of(status);
    return status == 0 ? Step::kMemberEnd : Step::kWithin;
  }

 private:
  static Error failure_of(std::size_t status) {
    if (ZSTD_getErrorCode(status) == ZSTD_error_frameParameter_windowTooLarge) {
      return too_large("the zstd data needs a window beyond 256 MiB; unpack it first (zstd -d --long=31 FILE)");
    }
    if (ZSTD_getErrorCode(status) == ZSTD_error_memory_allocation) {
      return resource_exhausted("out of memory while reading zstd data");
    }
    return data_loss(std::string("the zstd data is damaged: ") + ZSTD_getErrorName(status));
  }

  ZSTD_DStream* stream_;
};

}  // namespace

std::unique_ptr<Decoder> make_zstd_decoder() { return std::make_unique<ZstdDecoder>(); }

}  // namespace fw::codec
