#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"

namespace fw::codec {

inline constexpr std::size_t kMaxWindowBytes = 256ULL << 20;

/// One compression library behind one verb. Not thread-safe.
class Decoder {
 public:
  enum class Step { kWithin, kMemberEnd };

  virtual ~Decoder() = default;

  /// Takes bytes off the front of `in`, fills the front of `out`, and shortens both by what it used. kMemberEnd: a
  /// member is complete, the next step begins another.
  [[nodiscard]] virtual Result<Step> step(std::span<const char>& in, std::span<char>& out) = 0;
};

[[nodiscard]] std::unique_ptr<Decoder> make_gzip_decoder();
[[nodiscard]] std::unique_ptr<Decoder> make_zstd_decoder();
[[nodiscard]] std::unique_ptr<Decoder> make_xz_decoder();
[[nodiscard]] std::unique_ptr<Decoder> make_bzip2_decoder();

}  // namespace fw::codec
