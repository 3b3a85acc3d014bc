#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "io/input_file.h"
#include "modelfile/gguf.h"

namespace fw::modelfile {

/// A model as its GGUF file says it, or as its files do where it comes in several (`NAME-00001-of-00003.gguf` and so
/// on, the form of llama.cpp's gguf-split): one header with the tensors of all files.
///
/// 1. `header` has the first file's metadata without the keys `split.*`, and every tensor of every file, each name
/// once.
/// 2. `file_of[i]` is the file that holds tensor i; its `offset` counts from that file's `data_offsets` entry.
struct GgufModel {
  GgufHeader header;
  std::vector<std::filesystem::path> files;
  std::vector<std::uint64_t> data_offsets;
  std::vector<std::size_t> file_of;
  std::uint64_t file_bytes = 0;  ///< of all files
};

/// `path` is the only file or the first. Errors name the file: kInvalidArgument for a later one (with the first one's
/// name) and for a name that does not say where the others are, kNotFound for one that is missing, kDataLoss when they
/// do not belong together. Blocks.
[[nodiscard]] Result<GgufModel> read_gguf_model(const std::filesystem::path& path);

/// Copies tensors out of a model's files in pieces. Thread-safe.
class GgufModelFiles final {
 public:
  [[nodiscard]] static Result<GgufModelFiles> open(const GgufModel& model);

  /// Calls `sink` with consecutive pieces of tensor `index`'s bytes.
  [[nodiscard]] Status copy(std::size_t index, const std::function<Status(std::string_view)>& sink) const;

 private:
  explicit GgufModelFiles(const GgufModel& model) : model_(model) {}

  const GgufModel& model_;
  std::vector<io::InputFile> files_;
};

}  // namespace fw::modelfile
