#include "codec/pack.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/assert.h"

namespace fw::codec {
namespace {

constexpr int kFast = 1;
constexpr int kGzipWindow = 16 + MAX_WBITS;
constexpr int kMemory = 8;  // zlib's own default

}  // namespace

std::string gzip(std::string_view text) {
  z_stream stream{};
  int status = deflateInit2(&stream, kFast, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY);
  FW_ASSERT(status == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  std::size_t in = text.size(), room = out.size();
  while (status == Z_OK) {
    if (stream.avail_in == 0) in -= stream.avail_in = static_cast<uInt>(std::min(in, kMost));
    if (stream.avail_out == 0) room -= stream.avail_out = static_cast<uInt>(std::min(room, kMost));
    status = deflate(&stream, in == 0 ? Z_FINISH : Z_NO_FLUSH);
  }
  FW_ASSERT(status == Z_STREAM_END);  // deflateBound() is enough for all of it
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace fw::codec
