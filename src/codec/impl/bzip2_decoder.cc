#include <bzlib.h>

#include <algorithm>

#include "base/assert.h"
#include "codec/impl/decoder.h"

namespace fw::codec {
namespace {

constexpr std::size_t kMost = std::size_t{1} << 30;  // bzlib counts in 32 bits

class Bzip2Decoder final : public Decoder {
 public:
  Bzip2Decoder() { begin(); }
  ~Bzip2Decoder() override { ::BZ2_bzDecompressEnd(&stream_); }
  Bzip2Decoder(const Bzip2Decoder&) = delete;
  Bzip2Decoder& operator=(const Bzip2Decoder&) = delete;

  [[nodiscard]] Result<Step> step(std::span<const char>& in, std::span<char>& out) override {
    stream_.next_in = const_cast<char*>(in.data());
    stream_.avail_in = static_cast<unsigned>(std::min(in.size(), kMost));
    stream_.next_out = out.data();
    stream_.avail_out = static_cast<unsigned>(std::min(out.size(), kMost));
    const int status = ::BZ2_bzDecompress(&stream_);
    in = in.subspan(static_cast<std::size_t>(stream_.next_in - in.data()));
    out = out.subspan(static_cast<std::size_t>(stream_.next_out - out.data()));
    switch (status) {
      case BZ_OK: return Step::kWithin;
      case BZ_STREAM_END:
        ::BZ2_bzDecompressEnd(&stream_);
        begin();
        return Step::kMemberEnd;
      case BZ_MEM_ERROR: return resource_exhausted("out of memory while reading bzip2 data");
      default: return data_loss("the bzip2 data is damaged");
    }
  }

 private:
  void begin() {
    stream_ = {};
    FW_ASSERT(::BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK);
  }

  bz_stream stream_{};
};

}  // namespace

std::unique_ptr<Decoder> make_bzip2_decoder() { return std::make_unique<Bzip2Decoder>(); }

}  // namespace fw::codec
