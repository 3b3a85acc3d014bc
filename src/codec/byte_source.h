#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fw::codec {

/// Bytes that come in pieces from somewhere: a file, a pipe, another source that this one unpacks. Not thread-safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  /// Fills at most into.size() > 0 bytes and says how many; 0 only at the end. After an error or the end the source is
  /// spent.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<char> into) = 0;
};

/// The bytes of a text, at most `piece` at a time. The text outlives the source.
class StringSource final : public ByteSource {
 public:
  explicit StringSource(std::string_view text, std::size_t piece = SIZE_MAX) : rest_(text), piece_(piece) {}
  [[nodiscard]] Result<std::size_t> read(std::span<char> into) override;

 private:
  std::string_view rest_;
  std::size_t piece_;
};

/// Another source whose first bytes have been looked at already. The source outlives this one.
class PeekedSource final : public ByteSource {
 public:
  explicit PeekedSource(ByteSource& source) : source_(source) {}

  /// Up to `count` bytes from the front without taking them; fewer only when the source has no more or fails, which
  /// read() then reports after them. Before read(), as often as wanted; the view is valid until the next call.
  [[nodiscard]] std::string_view peek(std::size_t count);
  [[nodiscard]] Result<std::size_t> read(std::span<char> into) override;

 private:
  ByteSource& source_;
  std::string peeked_;
  std::size_t taken_ = 0;
  std::optional<Error> failure_;
};

}  // namespace fw::codec
