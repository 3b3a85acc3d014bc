#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct gguf_context;

namespace fw::trainer {

/// A GGUF model read through ggml, memory-mapped, with every tensor's extent checked against its file; of a model in
/// several files (modelfile/gguf_model.h) all tensors. Values are fetched by key and type; a key of another type counts
/// as absent, so that no file can make ggml abort.
class GgufReader final {
 public:
  [[nodiscard]] static Result<GgufReader> open(const std::filesystem::path& file);
  ~GgufReader();
  GgufReader(GgufReader&&) noexcept;
  GgufReader& operator=(GgufReader&&) = delete;

  [[nodiscard]] std::optional<std::int64_t> integer(const std::string& key) const;
  [[nodiscard]] std::optional<double> number(const std::string& key) const;
  [[nodiscard]] std::optional<std::string> text(const std::string& key) const;
  [[nodiscard]] std::int64_t array_size(const std::string& key) const;
  /// An array of whole numbers or truth values; empty for anything else.
  [[nodiscard]] std::vector<std::int64_t> integers(const std::string& key) const;

  struct Tensor {
    std::int64_t index = -1;
    int type = 0;                     ///< ggml_type
    std::vector<std::int64_t> shape;  ///< outermost first, as [out, in]
    std::string_view bytes;
  };
  [[nodiscard]] std::int64_t tensor_count() const;
  [[nodiscard]] std::string tensor_name(std::int64_t index) const;
  [[nodiscard]] std::optional<Tensor> find(const std::string& name) const;
  [[nodiscard]] Tensor tensor(std::int64_t index) const;
  /// Whether there is such a key, of any type.
  [[nodiscard]] bool has(const std::string& key) const;
  /// Every element as fp32; kUnimplemented for a type that ggml does not dequantise.
  [[nodiscard]] Status dequantize(const Tensor& tensor, std::vector<float>& out) const;

 private:
  /// One file. Its tensors follow those of the files before it.
  struct Part {
    gguf_context* context = nullptr;
    const char* data = nullptr;
    std::size_t size = 0;
    std::int64_t first_tensor = 0;
  };

  GgufReader() = default;
  [[nodiscard]] Status add(const std::filesystem::path& file);
  [[nodiscard]] const gguf_context* keys() const { return parts_.front().context; }
  [[nodiscard]] const Part& part_of(std::int64_t index) const;

  std::vector<Part> parts_;
};

}  // namespace fw::trainer
