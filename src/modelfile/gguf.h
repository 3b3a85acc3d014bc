#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fw::modelfile {

/// Types of metadata values; the numbers are the format's.
enum class GgufType : std::uint32_t {
  kU8 = 0,
  kI8 = 1,
  kU16 = 2,
  kI16 = 3,
  kU32 = 4,
  kI32 = 5,
  kF32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kU64 = 10,
  kI64 = 11,
  kF64 = 12,
};

/// A metadata value in the file's own encoding, so that what is not understood is copied unchanged. A value type.
///
/// 1. `bytes` is valid for `type`: readers make no other values, and the functions below rely on it.
/// 2. Arrays are flat: an array of arrays is refused by every reader that matters, and by ours.
struct GgufValue {
  GgufType type = GgufType::kU32;
  GgufType element = GgufType::kU32;  ///< of an array
  std::uint64_t count = 0;            ///< of an array
  std::string bytes;                  ///< a string's characters, or little-endian elements one after the other

  [[nodiscard]] static GgufValue u32(std::uint32_t value);
  [[nodiscard]] static GgufValue u64(std::uint64_t value);
  [[nodiscard]] static GgufValue f32(float value);
  [[nodiscard]] static GgufValue boolean(bool value);
  [[nodiscard]] static GgufValue string(std::string value);
  [[nodiscard]] static GgufValue strings(std::span<const std::string> values);
  [[nodiscard]] static GgufValue u32s(std::span<const std::uint32_t> values);
  [[nodiscard]] static GgufValue i32s(std::span<const std::int32_t> values);
  [[nodiscard]] static GgufValue f32s(std::span<const float> values);

  /// Nothing where the value is of another kind, negative or fractional.
  [[nodiscard]] std::optional<std::uint64_t> as_uint() const;
  [[nodiscard]] std::optional<double> as_number() const;
  [[nodiscard]] std::optional<std::string_view> as_string() const;
  [[nodiscard]] std::optional<bool> as_bool() const;
  /// An array of integers, or nothing.
  [[nodiscard]] std::optional<std::vector<std::uint64_t>> as_uints() const;
  /// Whether it is an array of strings with this one among them.
  [[nodiscard]] bool has_string(std::string_view wanted) const;
  /// The array of the elements at these indices; nothing unless it is an array that has them all.
  [[nodiscard]] std::optional<GgufValue> select(std::span<const std::uint64_t> indices) const;

  friend bool operator==(const GgufValue&, const GgufValue&) = default;
};

struct GgufEntry {
  std::string key;
  GgufValue value;

  friend bool operator==(const GgufEntry&, const GgufEntry&) = default;
};

/// Numbers as in ggml's enumeration of tensor types: how elements are packed into blocks.
struct GgmlType {
  std::uint32_t id = 0;
  std::string_view name;
  std::uint32_t block_elements = 1;
  std::uint32_t block_bytes = 4;
};

/// Null for types that do not exist (any more).
[[nodiscard]] const GgmlType* find_ggml_type(std::uint32_t id);

/// `shape` is in the file's order: the contiguous dimension first, at most four.
struct GgufTensor {
  std::string name;
  std::uint32_t type = 0;  ///< GgmlType::id
  std::vector<std::uint64_t> shape;
  std::uint64_t offset = 0;  ///< from GgufHeader::data_offset
  std::uint64_t bytes = 0;

  [[nodiscard]] std::uint64_t elements() const;
  friend bool operator==(const GgufTensor&, const GgufTensor&) = default;
};

/// All of a GGUF file but the tensors' bytes. Keys and tensor names are unique; tensors lie within the file and do not
/// overlap.
struct GgufHeader {
  std::uint32_t version = 3;
  std::uint32_t alignment = 32;  ///< a power of two
  std::uint64_t data_offset = 0;
  std::vector<GgufEntry> metadata;  ///< in the file's order
  std::vector<GgufTensor> tensors;

  [[nodiscard]] const GgufValue* find(std::string_view key) const;
  [[nodiscard]] const GgufTensor* find_tensor(std::string_view name) const;
  /// Replaces or appends.
  void set(std::string_view key, GgufValue value);
  void erase(std::string_view key);
};

/// Reads a header out of a file's first bytes (GGUF versions 2 and 3, little endian). Any bytes are safe: every count
/// and size is checked against what is left of the file before it is used. kDataLoss for a damaged or truncated file,
/// kUnimplemented for other versions, byte orders and tensor types, kTooLarge above 65,536 keys, 262,144 tensors or
/// 256 MiB of header.
[[nodiscard]] Result<GgufHeader> parse_gguf_header(std::string_view first_bytes, std::uint64_t file_size);

/// The same of a file; errors name it. Blocks for as long as reading the header takes (a vocabulary: some megabytes).
[[nodiscard]] Result<GgufHeader> read_gguf_header(const std::filesystem::path& path);

/// Where a tensor's bytes come from: calls `sink` with consecutive pieces, `tensor.bytes` in all.
using GgufTensorSource =
    std::function<Status(const GgufTensor& tensor, const std::function<Status(std::string_view)>& sink)>;

/// Writes a GGUF file of version 3, whole or not at all. `version`, `data_offset`, and the tensors' `offset` and
/// `bytes` are computed here; tensors keep their order. kInvalidArgument for what no reader would take.
[[nodiscard]] Status write_gguf(const std::filesystem::path& path, GgufHeader header, const GgufTensorSource& source);

}  // namespace fw::modelfile
