#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fw::modelfile {

/// Element types of the safetensors format that models here use; a file with another one is kUnimplemented.
enum class ElementType { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU8, kBool };

[[nodiscard]] std::size_t size_of(ElementType type);
[[nodiscard]] std::string_view to_string(ElementType type);

/// One tensor of a file: where its bytes lie, counted from the end of the header. Row-major, little endian.
struct TensorEntry {
  std::string name;
  ElementType type = ElementType::kF32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  [[nodiscard]] std::int64_t elements() const;
};

struct SafetensorsHeader {
  std::vector<TensorEntry> tensors;  ///< in the order of their bytes
  std::map<std::string, std::string> metadata;
  std::uint64_t data_offset = 0;  ///< where the first tensor's bytes begin in the file
};

/// Reads the header (8 bytes of length, JSON) out of a file's first bytes. Checked: every size against `file_size`
/// without overflow, shapes against byte ranges, ranges without gap or overlap up to the end of the file. kDataLoss for
/// a damaged or truncated file, kTooLarge above 64 MiB of header or 100,000 tensors.
[[nodiscard]] Result<SafetensorsHeader> parse_safetensors_header(std::string_view first_bytes, std::uint64_t file_size);

/// A safetensors file, memory-mapped. Thread-safe for reading; what bytes() returns lives as long as this object. The
/// file must not be truncated by others meanwhile.
class SafetensorsFile final {
 public:
  [[nodiscard]] static Result<SafetensorsFile> open(const std::filesystem::path& path);
  ~SafetensorsFile();
  SafetensorsFile(SafetensorsFile&&) noexcept;
  SafetensorsFile& operator=(SafetensorsFile&&) noexcept;

  [[nodiscard]] const SafetensorsHeader& header() const { return header_; }
  /// Null when there is no tensor of this name.
  [[nodiscard]] const TensorEntry* find(std::string_view name) const;
  [[nodiscard]] std::string_view bytes(const TensorEntry& entry) const;
  /// The tensor as fp32. kUnimplemented unless it is F64, F32, F16 or BF16; kInvalidArgument for a wrong size of `out`.
  [[nodiscard]] Status read_floats(const TensorEntry& entry, std::span<float> out) const;
  /// The tensor as int64; integer types only.
  [[nodiscard]] Result<std::vector<std::int64_t>> read_integers(const TensorEntry& entry) const;

 private:
  SafetensorsFile() = default;

  SafetensorsHeader header_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

/// A tensor to be written; `bytes` must hold the elements of `shape`.
struct TensorToWrite {
  std::string name;
  ElementType type = ElementType::kF32;
  std::vector<std::int64_t> shape;
  std::string_view bytes;
};

/// The whole file as bytes; tensors in the given order.
[[nodiscard]] std::string make_safetensors(std::span<const TensorToWrite> tensors,
                                           const std::map<std::string, std::string>& metadata = {});

/// Writes the same, whole or not at all, without holding it.
[[nodiscard]] Status write_safetensors(const std::filesystem::path& path, std::span<const TensorToWrite> tensors,
                                       const std::map<std::string, std::string>& metadata = {});

}  // namespace fw::modelfile
