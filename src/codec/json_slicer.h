#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fw::codec {

enum class JsonKind { kObject, kArray, kString, kNumber, kBool, kNull };

struct JsonMember {
  std::string key;  ///< unescaped
  JsonKind kind{};
  std::string_view raw;  ///< the value's very bytes within the text that was cut
};

struct JsonLimits {
  std::size_t bytes = 64ULL << 20;
  std::size_t depth = 128;        ///< objects and arrays within each other
  std::size_t elements = 65'536;  ///< of the object or array that is cut; those within are not counted
};

/// Checks whole JSON texts (RFC 8259: grammar, UTF-8, no lone surrogates, numbers that a double can hold) and cuts the
/// outermost object or array into its values, byte for byte. A key that occurs twice in the object that is cut is an
/// error, since it would be a guess which value is meant; what lies within values stays as it is.
///
/// Reuses its buffers: keep one per thread. Not thread-safe. Errors are kInvalidArgument (kTooLarge for the limits),
/// and their messages are a small fixed set without parts of the text, so that they can be counted.
class JsonSlicer final {
 public:
  explicit JsonSlicer(const JsonLimits& limits = {});
  ~JsonSlicer();
  JsonSlicer(const JsonSlicer&) = delete;
  JsonSlicer& operator=(const JsonSlicer&) = delete;

  /// The members of the object in their order. The views are into `text`.
  [[nodiscard]] Result<std::vector<JsonMember>> members(std::string_view text);
  /// The elements of the array in their order. The views are into `text`.
  [[nodiscard]] Result<std::vector<std::string_view>> elements(std::string_view text);
  /// The unescaped value of a JSON string.
  [[nodiscard]] Result<std::string> string(std::string_view text);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::codec
