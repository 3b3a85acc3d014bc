#include "modelops/local/model_check.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "io/file.h"
#include "modelfile/gguf.h"
#include "modelfile/keep_layers.h"
#include "modelfile/trainable.h"
#include "modelops/local/impl/folder_model.h"

namespace fw::modelops {
namespace {

namespace fs = std::filesystem;
using modelfile::GgufHeader;

constexpr std::uint64_t kMostJson = 64 << 20;

/// Architectures of llama.cpp whose models make vectors out of texts and answer nothing.
constexpr std::array<std::string_view, 10> kEncoders{"bert",         "nomic-bert",     "nomic-bert-moe", "jina-bert-v2",
                                                     "jina-bert-v3", "neo-bert",       "modern-bert",    "t5encoder",
                                                     "eurobert",     "gemma-embedding"};

std::string first_bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string bytes(512, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return bytes;
}

bool is_there(const fs::path& file) {
  std::error_code error;
  return fs::is_regular_file(file, error);
}

std::string text_of(const GgufHeader& header, const std::string& key) {
  const auto* value = header.find(key);
  return std::string(value == nullptr ? "" : value->as_string().value_or(""));
}

std::uint64_t number_of(const GgufHeader& header, const std::string& key) {
  const auto* value = header.find(key);
  return value == nullptr ? 0 : value->as_uint().value_or(0);
}

/// `model-00001-of-00003.gguf`: part `number` of `count`; nothing where the name has another form.
std::optional<std::string> name_of_part(const std::string& name, std::uint64_t number, std::uint64_t count) {
  constexpr std::size_t kTail = sizeof("-00001-of-00003.gguf") - 1;
  if (name.size() <= kTail || !name.ends_with(".gguf") || name.substr(name.size() - 14, 4) != "-of-")
    return std::nullopt;
  const auto five = [](std::uint64_t value) {
    std::string digits = std::to_string(value);
    return std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
  };
  return name.substr(0, name.size() - kTail) + "-" + five(number) + "-of-" + five(count) + ".gguf";
}

void check_parts(const fs::path& file, const GgufHeader& header, ModelCheck& out) {
  const auto count = number_of(header, "split.count");
  if (count <= 1) return;
  const std::string name = file.filename().string();
  const auto first = name_of_part(name, 1, count);
  if (!first) {
    out.errors.push_back("is one of " + std::to_string(count) +
                         " parts of a model, and its name is not that of a part "
                         "(-00001-of-0000" +
                         std::to_string(count) + ".gguf): the others cannot be found");
    return;
  }
  if (number_of(header, "split.no") != 0)
    out.errors.push_back("is not the first part of a split model; give " + *first);
  std::string missing;
  for (std::uint64_t part = 1; part <= std::min<std::uint64_t>(count, 10'000); ++part) {
    const auto other = name_of_part(name, part, count).value_or("");
    if (!is_there(file.parent_path() / other)) missing += (missing.empty() ? "" : ", ") + other;
  }
  if (!missing.empty()) out.errors.push_back("is a split model, and these parts are missing beside it: " + missing);
}

/// What a model is for.
enum class Use { kChats, kTrainedChats, kVectors };

bool is_encoder(const std::string& architecture) {
  return std::ranges::find(kEncoders, architecture) != kEncoders.end();
}

/// llama.cpp's numbers.
constexpr std::uint64_t kRankPooling = 4;

/// Nothing where it is a model that can do what it is for.
std::optional<std::string> other_kind(const GgufHeader& header, Use use) {
  const std::string architecture = text_of(header, "general.architecture");
  const std::string type = text_of(header, "general.type");
  if (type == "adapter") return "is a LoRA adapter, not a model; give the model it was trained on";
  if (type == "mmproj" || architecture == "clip") return "is a projector for images, not a language model";
  if (type == "imatrix" || architecture == "imatrix") return "is an importance matrix, not a model";
  if (architecture.empty()) return "names no architecture: it is no model that llama.cpp can serve";
  const auto pooling = number_of(header, architecture + ".pooling_type");
  if (use == Use::kVectors && pooling == kRankPooling)
    return "is a reranker, which compares two texts and gives no vector of one; give an embedding model";
  if (use != Use::kVectors && (is_encoder(architecture) || pooling != 0))
    return "is an embedding model (" + architecture + "): it answers no chats";
  if (header.tensors.empty()) return "holds a vocabulary only, no weights";
  if (header.find("tokenizer.ggml.model") == nullptr && number_of(header, "split.no") == 0)
    return "has no tokenizer: it cannot be served; convert the model again with its tokenizer";
  return std::nullopt;
}

void check_against_settings(const GgufHeader& header, const ModelSpec& model, Use use, ModelCheck& out) {
  const std::string architecture = text_of(header, "general.architecture");
  if (use == Use::kVectors) {
    if (number_of(header, architecture + ".pooling_type") == 0 && !is_encoder(architecture))
      out.warnings.push_back("is no embedding model (" + architecture +
                             "): the mean of its tokens' vectors tells how alike texts are, coarsely; a small "
                             "embedding model does it better");
    return;
  }
  if (use == Use::kTrainedChats && !modelfile::is_trainable(architecture))
    out.errors.push_back("architecture \"" + architecture + "\" cannot be trained here (" +
                         modelfile::list_of_trainable() + " can); set customization_enabled: false");
  const auto context = number_of(header, architecture + ".context_length");
  if (context > 0 && model.context_length > 0 && static_cast<std::uint64_t>(model.context_length) > context)
    out.warnings.push_back("context_length " + std::to_string(model.context_length) +
                           " is more than the model has; it is served with " + std::to_string(context));
  if (model.keep_layers.empty()) return;
  if (auto reduced = modelfile::reduce_header(header, model.keep_layers); !reduced.ok())
    out.errors.push_back("keep_layers: " + reduced.error().message);
}

void check_file(const ModelSpec& model, Use use, ModelCheck& out) {
  const std::string first = first_bytes_of(model.path);
  if (first.empty()) return out.errors.push_back("is empty or cannot be read");
  if (!first.starts_with("GGUF")) {
    const std::string kind = kind_of_file(first);
    return out.errors.push_back(kind.empty() ? "is no GGUF file" : "is " + kind + ", not a GGUF file");
  }
  const auto header = modelfile::read_gguf_header(model.path);
  if (!header.ok()) return out.errors.push_back(header.error().message);
  if (const auto kind = other_kind(*header, use)) return out.errors.push_back(*kind);
  check_parts(model.path, *header, out);
  check_against_settings(*header, model, use, out);
}

/// Files that an index of shards names.
std::set<std::string> shards_of(const fs::path& index) {
  std::set<std::string> out;
  const auto text = io::read_file(index, kMostJson);
  if (!text.ok()) return out;
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  const auto map = json.is_object() ? json.find("weight_map") : json.end();
  if (!json.is_object() || map == json.end() || !map->is_object()) return out;
  for (const auto& entry : *map)
    if (entry.is_string()) out.insert(entry.get<std::string>());
  return out;
}

void check_folder(const ModelSpec& model, Use use, ModelCheck& out) {
  if (is_there(model.path / "adapter_config.json"))
    return out.errors.push_back("is a LoRA adapter, not a model; give the model it was trained on");
  std::string missing;
  for (const auto& shard : shards_of(model.path / "model.safetensors.index.json"))
    if (!is_there(model.path / shard)) missing += (missing.empty() ? "" : ", ") + shard;
  if (!missing.empty()) out.errors.push_back("these files of its index are missing: " + missing);
  std::error_code error;
  for (fs::directory_iterator it(model.path, error), end; !error && it != end; it.increment(error)) {
    const auto extension = it->path().extension();
    if (extension != ".safetensors" && extension != ".gguf" && extension != ".json") continue;
    if (kind_of_file(first_bytes_of(it->path())).starts_with("a Git LFS pointer"))
      out.errors.push_back(it->path().filename().string() +
                           " is a Git LFS pointer; fetch the file itself with `git lfs pull`");
  }
  for (auto& reason : why_not_convertible(model.path, use == Use::kVectors)) out.errors.push_back(std::move(reason));
  if (!model.keep_layers.empty() && out.errors.empty())
    out.warnings.emplace_back("whether layers can be left out of it is known once it is converted");
}

}  // namespace

std::string kind_of_file(std::string_view bytes) {
  struct Magic {
    std::string_view begin;
    std::string_view kind;
  };
  using namespace std::string_view_literals;
  constexpr Magic kMagics[] = {
      {"version https://git-lfs", "a Git LFS pointer (fetch the file itself with `git lfs pull`)"},
      {"\x89PNG"sv, "a PNG picture"},
      {"\xFF\xD8\xFF"sv, "a JPEG picture"},
      {"GIF8"sv, "a GIF picture"},
      {"%PDF"sv, "a PDF document"},
      {"PK\x03\x04"sv, "a ZIP archive or a PyTorch checkpoint"},
      {"\x80\x02"sv, "a PyTorch checkpoint (pickle)"},
      {"\x1F\x8B"sv, "a gzip archive (unpack it)"},
      {"\x28\xB5\x2F\xFD"sv, "a zstd archive (unpack it)"},
      {"\xFD"
       "7zXZ"sv,
       "an xz archive (unpack it)"},
      {"\x7F"
       "ELF"sv,
       "a program"},
      {"<!DOCTYPE"sv, "an HTML page (the download went to a page for people)"},
      {"<html"sv, "an HTML page (the download went to a page for people)"},
      {"ggjt"sv, "a GGML file of before GGUF (convert the model again)"},
      {"tjgg"sv, "a GGML file of before GGUF (convert the model again)"},
      {"lmgg"sv, "a GGML file of before GGUF (convert the model again)"},
      {"PAR1"sv, "a Parquet file"},
      {"{"sv, "a JSON file"},
  };
  for (const auto& [begin, kind] : kMagics)
    if (bytes.starts_with(begin)) return std::string(kind);
  if (bytes.size() > 9 && bytes[8] == '{') return "a safetensors file (give its folder, or convert it to GGUF)";
  const bool is_text = std::ranges::all_of(bytes, [](unsigned char c) { return c >= ' ' || (c >= '\t' && c <= '\r'); });
  return is_text && !bytes.empty() ? "a text file" : "";
}

namespace {

ModelCheck check(const ModelSpec& model, Use use) {
  ModelCheck out;
  std::error_code error;
  const auto status = fs::status(model.path, error);
  if (!fs::exists(status)) {
    out.errors.push_back("does not exist");
  } else if (fs::is_directory(status)) {
    check_folder(model, use, out);
  } else if (!fs::is_regular_file(status)) {
    out.errors.push_back("is no regular file");
  } else {
    check_file(model, use, out);
  }
  return out;
}

}  // namespace

ModelCheck check_model(const ModelSpec& model, bool is_trained) {
  return check(model, is_trained ? Use::kTrainedChats : Use::kChats);
}

ModelCheck check_embedding_model(const ModelSpec& model) { return check(model, Use::kVectors); }

}  // namespace fw::modelops
