#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "modelfile/gguf.h"

namespace fw::modelfile {

/// How much of a model is kept in one element type.
struct TypeShare {
  std::uint64_t tensors = 0;
  std::uint64_t parameters = 0;
  std::uint64_t bytes = 0;
};

/// What a person wants to know of a model before using it. Absent: its files do not say.
struct ModelSummary {
  std::string path;
  std::string format;  ///< `GGUF v3`, `safetensors`, `PEFT LORA`
  std::string kind;    ///< `model`, `adapter`
  std::string name;
  std::string architecture;
  std::string license;
  std::uint64_t files = 1;       ///< with weights
  std::uint64_t file_bytes = 0;  ///< of all files with weights
  std::uint64_t parameters = 0;
  std::optional<std::uint64_t> layers;
  std::optional<std::uint64_t> width;
  std::optional<std::uint64_t> feed_forward;  ///< the largest, where layers differ; heads alike
  std::optional<std::uint64_t> heads;
  std::optional<std::uint64_t> kv_heads;
  std::optional<std::uint64_t> context_length;
  std::optional<std::uint64_t> vocabulary;
  std::string tokenizer;
  bool has_chat_template = false;
  bool chat_template_knows_tools = false;
  bool tied_embeddings = false;            ///< no output matrix of its own
  std::vector<std::uint64_t> kept_layers;  ///< of the original model, where keep_layers made the file
  std::map<std::string, TypeShare> types;  ///< by element type
};

/// kDataLoss when the header names no architecture.
[[nodiscard]] Result<ModelSummary> summarise(const GgufHeader& header);

/// Reads the header of a GGUF model (of all its files), or what a folder of Hugging Face's or PEFT's form holds. Errors
/// name the path. Blocks.
[[nodiscard]] Result<ModelSummary> inspect(const std::filesystem::path& path);

/// Well-formed UTF-8 without control characters; what is neither becomes '?'.
[[nodiscard]] std::string harmless(std::string_view text);

/// For a terminal: a line per fact, ending in a line break. Text out of the file is made harmless (no control
/// characters).
[[nodiscard]] std::string to_text(const ModelSummary& summary);

/// The same facts, absent ones as null; valid UTF-8 whatever the file holds.
[[nodiscard]] nlohmann::ordered_json to_json(const ModelSummary& summary);

}  // namespace fw::modelfile
