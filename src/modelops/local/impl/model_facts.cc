#include "modelops/local/impl/model_facts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "modelfile/gguf_model.h"

namespace fw::modelops {
namespace {

using modelfile::GgufHeader;

std::string text_of(const GgufHeader& header, const std::string& key) {
  const auto* value = header.find(key);
  return std::string(value == nullptr ? std::string_view() : value->as_string().value_or(""));
}

/// Absent numbers are 0. Where layers differ the value is an array: its largest element counts.
std::uint64_t number_of(const GgufHeader& header, const std::string& key) {
  const auto* value = header.find(key);
  if (value == nullptr) return 0;
  if (const auto one = value->as_uint()) return *one;
  const auto many = value->as_uints();
  return many && !many->empty() ? *std::ranges::max_element(*many) : 0;
}

/// llama.cpp's number, as --pooling names it.
std::string pooling_of(const GgufHeader& header, const std::string& architecture) {
  constexpr std::array<const char*, 5> kNames{"", "mean", "cls", "last", "rank"};
  const auto number = number_of(header, architecture + ".pooling_type");
  return number < kNames.size() ? kNames.at(number) : "";
}

std::string commonest_type(const GgufHeader& header) {
  std::map<std::uint32_t, std::uint64_t> elements;
  for (const auto& tensor : header.tensors)
    elements[tensor.type] += tensor.name.starts_with("blk.") ? tensor.elements() : 0;
  const auto most = std::ranges::max_element(elements, {}, [](const auto& entry) { return entry.second; });
  if (most == elements.end()) return "";
  const auto* type = modelfile::find_ggml_type(most->first);
  std::string name(type == nullptr ? std::string_view("unknown") : type->name);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

std::uint64_t cache_bytes_per_token(const GgufHeader& header, const std::string& a) {
  constexpr std::uint64_t kMost = 1 << 20;  // nothing real is larger, and the product below stays far from overflow
  const auto bounded = [&](const char* key) { return std::min(number_of(header, a + key), kMost); };
  const std::uint64_t heads = bounded(".attention.head_count");
  if (heads == 0) return 0;
  const std::uint64_t kv_heads =
      header.find(a + ".attention.head_count_kv") ? bounded(".attention.head_count_kv") : heads;
  const std::uint64_t own = bounded(".embedding_length") / heads;
  const std::uint64_t key = header.find(a + ".attention.key_length") ? bounded(".attention.key_length") : own;
  const std::uint64_t value = header.find(a + ".attention.value_length") ? bounded(".attention.value_length") : own;
  return std::min(bounded(".block_count") * kv_heads, kMost) * std::min(key + value, kMost) * 2;
}

}  // namespace

Result<ModelFacts> read_model_facts(const std::filesystem::path& model) {
  std::error_code error;
  if (std::filesystem::is_directory(model, error)) {
    return unimplemented("model " + model.string() +
                         " is a folder, and models are served and trained out of the GGUF files that are made of them "
                         "(`flywheel-trainer convert`)");
  }
  FW_ASSIGN(auto gguf, modelfile::read_gguf_model(model));
  const GgufHeader& header = gguf.header;
  ModelFacts facts;
  facts.architecture = text_of(header, "general.architecture");
  if (facts.architecture.empty()) return data_loss("model " + model.string() + " names no architecture");
  if (text_of(header, "general.type") == "adapter")
    return invalid_argument(model.string() + " is an adapter, not a model");
  facts.chat_template = text_of(header, "tokenizer.chat_template");
  facts.pooling = pooling_of(header, facts.architecture);
  const auto* tokens = header.find("tokenizer.ggml.tokens");
  facts.has_chatml_end = tokens != nullptr && tokens->has_string("<|im_end|>");
  facts.file_type = commonest_type(header);
  for (const auto& tensor : header.tensors) facts.parameters += tensor.elements();
  facts.layers = static_cast<std::int64_t>(number_of(header, facts.architecture + ".block_count"));
  facts.context_length = static_cast<std::int64_t>(number_of(header, facts.architecture + ".context_length"));
  // Beyond the context of the short rotary frequencies the engine changes to the long ones, for whole requests;
  // training knows the short ones (src/trainer/families/phi3.cc).
  const auto original =
      static_cast<std::int64_t>(number_of(header, facts.architecture + ".rope.scaling.original_context_length"));
  if (header.find_tensor("rope_factors_short.weight") != nullptr && original > 0)
    facts.context_length = std::min(facts.context_length, original);
  facts.cache_bytes_per_token = cache_bytes_per_token(header, facts.architecture);
  facts.bytes = gguf.file_bytes;
  facts.files = std::move(gguf.files);
  return facts;
}

}  // namespace fw::modelops
