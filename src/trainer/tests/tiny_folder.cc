#include "trainer/tests/tiny_folder.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "io/file.h"
#include "modelfile/safetensors.h"
#include "trainer/lora/adapter.h"

namespace fw::trainer {
namespace {

void write(const std::filesystem::path& file, const nlohmann::json& json) {
  if (!io::write_file_atomically(file, json.dump()).ok()) throw std::runtime_error("cannot write " + file.string());
}

nlohmann::json config_of(const ModelConfig& c) {
  return {{"model_type", "llama"},
          {"vocab_size", c.vocab},
          {"hidden_size", c.hidden},
          {"intermediate_size", c.feed_forward},
          {"num_hidden_layers", c.layers},
          {"num_attention_heads", c.heads},
          {"num_key_value_heads", c.kv_heads},
          {"head_dim", c.head_dim},
          {"max_position_embeddings", c.context},
          {"rms_norm_eps", c.norm_eps},
          {"rope_theta", c.rope_theta},
          {"tie_word_embeddings", c.tied}};
}

}  // namespace

void write_byte_tokenizer(std::int64_t size, const std::filesystem::path& folder) {
  nlohmann::json vocab = nlohmann::json::object();
  for (std::int64_t id = 0; id < size - 1; ++id)
    vocab[id < 3 ? "<" + std::to_string(id) + ">" : std::string(1, static_cast<char>(' ' + id - 2))] = id;
  vocab["ab"] = size - 1;
  write(folder / "tokenizer.json",
        {{"added_tokens", {{{"id", 1}, {"content", "<1>"}, {"special", true}}}},
         {"pre_tokenizer", {{"type", "ByteLevel"}, {"use_regex", true}}},
         {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", nlohmann::json::array({"a b"})}}}});
  write(folder / "tokenizer_config.json", {{"bos_token", "<1>"}, {"chat_template", "{{ messages }}"}});
}

void write_folder(const ModelWeights& weights, const std::filesystem::path& folder) {
  const auto& c = weights.config;
  std::vector<modelfile::TensorToWrite> tensors;
  const auto add = [&](const std::string& name, const at::Tensor& tensor, std::int64_t from, std::int64_t rows) {
    const std::int64_t width = tensor.dim() > 1 ? tensor.size(1) : 1;
    std::vector<std::int64_t> shape{rows};
    if (tensor.dim() > 1) shape.push_back(width);
    const auto bytes =
        values(tensor).subspan(static_cast<std::size_t>(from * width), static_cast<std::size_t>(rows * width));
    tensors.push_back(
        {name, modelfile::ElementType::kF32, shape, {reinterpret_cast<const char*>(bytes.data()), bytes.size_bytes()}});
  };
  const auto whole = [&](const std::string& name, const at::Tensor& tensor) { add(name, tensor, 0, tensor.size(0)); };
  whole("model.embed_tokens.weight", weights.embedding);
  whole("model.norm.weight", weights.final_norm);
  if (!c.tied) whole("lm_head.weight", weights.head);
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    const auto& w = weights.layers[i];
    const std::string stem = "model.layers." + std::to_string(i) + ".";
    whole(stem + "input_layernorm.weight", w.attention_norm);
    whole(stem + "post_attention_layernorm.weight", w.feed_forward_norm);
    add(stem + "self_attn.q_proj.weight", w.qkv, 0, c.q_size());
    add(stem + "self_attn.k_proj.weight", w.qkv, c.q_size(), c.kv_size());
    add(stem + "self_attn.v_proj.weight", w.qkv, c.q_size() + c.kv_size(), c.kv_size());
    whole(stem + "self_attn.o_proj.weight", w.out);
    add(stem + "mlp.gate_proj.weight", w.gate_up, 0, c.feed_forward);
    add(stem + "mlp.up_proj.weight", w.gate_up, c.feed_forward, c.feed_forward);
    whole(stem + "mlp.down_proj.weight", w.down);
  }
  std::filesystem::create_directories(folder);
  if (!modelfile::write_safetensors(folder / "model.safetensors", tensors).ok())
    throw std::runtime_error("cannot write the weights of " + folder.string());
  write(folder / "config.json", config_of(c));
  write_byte_tokenizer(c.vocab, folder);
}

}  // namespace fw::trainer
