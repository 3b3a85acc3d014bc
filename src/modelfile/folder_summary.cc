#include "modelfile/folder_summary.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "io/file.h"
#include "modelfile/safetensors.h"

namespace fw::modelfile {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr std::uint64_t kMostJson = 16 << 20;
constexpr std::size_t kMostFiles = 1000;

Result<Json> read_object(const fs::path& file) {
  FW_ASSIGN(const auto text, io::read_file(file, kMostJson));
  auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return data_loss(file.string() + " is no JSON object");
  return json;
}

std::string text(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? harmless(it->get<std::string>().substr(0, 200)) : std::string();
}

std::optional<std::uint64_t> number(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number_unsigned() ? std::optional(it->get<std::uint64_t>()) : std::nullopt;
}

void add_config(const Json& config, ModelSummary& out) {
  out.kind = "model";
  out.architecture = text(config, "model_type");
  out.name = text(config, "_name_or_path");
  out.layers = number(config, "num_hidden_layers");
  out.width = number(config, "hidden_size");
  out.feed_forward = number(config, "intermediate_size");
  out.heads = number(config, "num_attention_heads");
  out.kv_heads = number(config, "num_key_value_heads");
  out.context_length = number(config, "max_position_embeddings");
  out.vocabulary = number(config, "vocab_size");
  const auto tied = config.find("tie_word_embeddings");
  out.tied_embeddings = tied != config.end() && tied->is_boolean() && tied->get<bool>();
}

void add_tokenizer(const fs::path& folder, ModelSummary& out) {
  std::error_code ignored;
  std::string chat;
  if (const auto config = read_object(folder / "tokenizer_config.json"); config.ok()) {
    out.tokenizer = text(*config, "tokenizer_class");
    const auto it = config->find("chat_template");
    if (it != config->end()) chat = it->is_string() ? it->get<std::string>() : it->dump();
  }
  if (const auto file = io::read_file(folder / "chat_template.jinja", kMostJson); file.ok()) chat = *file;
  if (out.tokenizer.empty() && fs::exists(folder / "tokenizer.json", ignored)) out.tokenizer = "tokenizer.json";
  out.has_chat_template = !chat.empty();
  out.chat_template_knows_tools = chat.find("tools") != std::string::npos;
}

Status add_weights(const fs::path& folder, ModelSummary& out) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
  if (error) return system_error("cannot list " + folder.string(), error.value());
  if (files.empty())
    return not_found(folder.string() + " holds no *.safetensors file; other forms of weights are not read");
  if (files.size() > kMostFiles)
    return too_large(folder.string() + " holds " + std::to_string(files.size()) + " *.safetensors files, more than " +
                     std::to_string(kMostFiles));
  std::ranges::sort(files);
  for (const auto& path : files) {
    const auto file = SafetensorsFile::open(path);
    if (!file.ok()) return file.error().within(path.string());
    for (const auto& tensor : file->header().tensors) {
      TypeShare& share = out.types[std::string(to_string(tensor.type))];
      ++share.tensors;
      share.parameters += static_cast<std::uint64_t>(tensor.elements());
      share.bytes += tensor.end - tensor.begin;
      out.parameters += static_cast<std::uint64_t>(tensor.elements());
    }
    out.file_bytes += fs::file_size(path, error);
  }
  out.files = files.size();
  return {};
}

}  // namespace

Result<ModelSummary> inspect_folder(const fs::path& folder) {
  std::error_code ignored;
  ModelSummary out;
  out.path = folder.string();
  if (fs::exists(folder / "config.json", ignored)) {
    out.format = "safetensors";
    FW_ASSIGN(const auto config, read_object(folder / "config.json"));
    add_config(config, out);
    if (out.architecture.empty()) return data_loss((folder / "config.json").string() + " names no model_type");
    add_tokenizer(folder, out);
  } else if (fs::exists(folder / "adapter_config.json", ignored)) {
    FW_ASSIGN(const auto config, read_object(folder / "adapter_config.json"));
    out.format = "PEFT " + text(config, "peft_type");
    out.kind = "adapter";
    out.name = text(config, "base_model_name_or_path");
  } else {
    return not_found(folder.string() +
                     " is neither a model nor an adapter: it has no config.json and no adapter_config.json");
  }
  FW_TRY(add_weights(folder, out));
  return out;
}

}  // namespace fw::modelfile
