#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace fw::capture::otlp {

/// One field of a protobuf message on the wire. Which member counts depends on the type.
struct WireField {
  enum class Type : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

  std::uint32_t number = 0;
  Type type = Type::kVarint;
  std::uint64_t value = 0;
  std::string_view bytes;
};

/// The fields of a protobuf message one after the other (protobuf.dev, "Encoding"). Takes any bytes; groups, which have
/// been gone from the language for long, are malformed.
class WireReader final {
 public:
  explicit WireReader(std::string_view message) : rest_(message) {}

  /// Nothing at the end; kInvalidArgument for malformed bytes.
  [[nodiscard]] Result<std::optional<WireField>> next();

 private:
  [[nodiscard]] std::optional<std::uint64_t> varint();
  [[nodiscard]] std::optional<std::uint64_t> fixed(std::size_t width);

  std::string_view rest_;
};

}  // namespace fw::capture::otlp
