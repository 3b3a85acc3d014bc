#include "trainer/tests/tiny_vocabulary.h"

#include <cstdio>
#include <span>
#include <stdexcept>

#include "modelfile/gguf.h"

namespace fw::trainer {
namespace {

using modelfile::GgufType;
using modelfile::GgufValue;

constexpr const char* kSpace = "\xe2\x96\x81";
constexpr int kFirstByte = 3, kFirstWord = kFirstByte + 256 + 1;

template <class T>
GgufValue array_of(GgufType type, std::span<const T> values) {
  GgufValue out{.type = GgufType::kArray, .element = type, .count = values.size()};
  out.bytes.assign(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return out;
}

}  // namespace

void write_vocabulary(const std::filesystem::path& file, const std::string& chat_template,
                      const std::vector<std::string>& words) {
  std::vector<std::string> tokens{"<unk>", "<s>", "</s>"};
  std::vector<std::int32_t> types{2, 3, 3};  // unknown, control, control
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", static_cast<unsigned>(byte));
    tokens.emplace_back(name);
    types.push_back(6);
  }
  tokens.emplace_back(kSpace);
  types.push_back(1);
  for (const auto& word : words)
    for (const auto& token : {word, kSpace + word}) {
      tokens.push_back(token);
      types.push_back(1);
    }
  std::vector<float> scores(tokens.size(), 0.0F);
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = -static_cast<float>(i);
  modelfile::GgufHeader header;
  header.set("general.architecture", GgufValue::string("llama"));
  for (const char* key : {"context_length", "embedding_length", "block_count", "feed_forward_length",
                          "attention.head_count", "attention.head_count_kv", "rope.dimension_count"})
    header.set(std::string("llama.") + key, GgufValue::u32(std::string(key) == "context_length" ? 4096 : 2));
  header.set("llama.attention.layer_norm_rms_epsilon", GgufValue::f32(1e-5F));
  header.set("tokenizer.ggml.model", GgufValue::string("llama"));
  header.set("tokenizer.ggml.tokens", GgufValue::strings(tokens));
  header.set("tokenizer.ggml.scores", array_of<float>(GgufType::kF32, scores));
  header.set("tokenizer.ggml.token_type", array_of<std::int32_t>(GgufType::kI32, types));
  header.set("tokenizer.ggml.bos_token_id", GgufValue::u32(1));
  header.set("tokenizer.ggml.eos_token_id", GgufValue::u32(2));
  header.set("tokenizer.chat_template", GgufValue::string(chat_template));
  const auto written = modelfile::write_gguf(file, header, [](const auto&, const auto&) { return Status{}; });
  if (!written.ok()) throw std::runtime_error(written.error().message);
}

std::string spelled(const std::vector<Token>& tokens, const std::vector<std::string>& words) {
  std::string out;
  for (const auto token : tokens) {
    if (token < kFirstByte) {
      out += token == 1 ? "<s>" : token == 2 ? "</s>" : "<unk>";
    } else if (token < kFirstWord - 1) {
      out += static_cast<char>(token - kFirstByte);
    } else if (token == kFirstWord - 1) {
      out += ' ';
    } else {
      const auto word = static_cast<std::size_t>(token - kFirstWord);
      out += (word % 2 == 1 ? "_" : "") + words.at(word / 2);
    }
  }
  return out;
}

}  // namespace fw::trainer
