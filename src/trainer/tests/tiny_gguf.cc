#include "trainer/tests/tiny_gguf.h"

#include <algorithm>
#include <cstdio>
#include <list>
#include <stdexcept>
#include <string>

#include "modelfile/gguf_model.h"
#include "trainer/weights/gguf_names.h"

namespace fw::trainer {
namespace {

class Writer {
 public:
  explicit Writer(ggml_type type) : type_(type) {
    ggml_init_params parameters{ggml_tensor_overhead() * 4096, nullptr, true};
    tensors_ = ggml_init(parameters);
    gguf_ = gguf_init_empty();
  }
  ~Writer() {
    gguf_free(gguf_);
    ggml_free(tensors_);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  [[nodiscard]] gguf_context* gguf() const { return gguf_; }

  // Rows [from, from + count) of `matrix`; q and k with their rows in pairs of `heads`.
  void add(const std::string& name, const at::Tensor& matrix, std::int64_t from = 0, std::int64_t count = -1,
           std::int64_t heads = 0) {
    const std::int64_t width = matrix.dim() == 2 ? matrix.size(1) : 1;
    const std::int64_t rows = count < 0 ? matrix.size(0) : count;
    const float* begin = matrix.const_data_ptr<float>() + from * width;
    auto& floats = floats_.emplace_back(begin, begin + rows * width);
    if (heads > 0) {
      const std::vector<float> halves = floats;
      rows_to_pairs(halves, heads, width, floats);
    }
    const ggml_type type = matrix.dim() == 2 ? type_ : GGML_TYPE_F32;
    ggml_tensor* tensor =
        matrix.dim() == 2 ? ggml_new_tensor_2d(tensors_, type, width, rows) : ggml_new_tensor_1d(tensors_, type, rows);
    ggml_set_name(tensor, name.c_str());
    auto& bytes = bytes_.emplace_back(ggml_nbytes(tensor), '\0');
    if (type == GGML_TYPE_F32) {
      bytes.assign(reinterpret_cast<const char*>(floats.data()), bytes.size());
    } else {
      ggml_quantize_chunk(type, floats.data(), bytes.data(), 0, rows, width, nullptr);
    }
    tensor->data = bytes.data();
    gguf_add_tensor(gguf_, tensor);
  }

 private:
  ggml_type type_;
  ggml_context* tensors_;
  gguf_context* gguf_;
  std::list<std::vector<float>> floats_;
  std::list<std::string> bytes_;
};

void set_keys(gguf_context* gguf, const ModelConfig& c) {
  gguf_set_val_str(gguf, "general.architecture", "llama");
  const auto integer = [&](const char* key, std::int64_t value) {
    gguf_set_val_u32(gguf, (std::string("llama.") + key).c_str(), static_cast<std::uint32_t>(value));
  };
  integer("block_count", c.layers);
  integer("embedding_length", c.hidden);
  integer("feed_forward_length", c.feed_forward);
  integer("attention.head_count", c.heads);
  integer("attention.head_count_kv", c.kv_heads);
  integer("attention.key_length", c.head_dim);
  integer("attention.value_length", c.head_dim);
  integer("context_length", c.context);
  gguf_set_val_f32(gguf, "llama.attention.layer_norm_rms_epsilon", static_cast<float>(c.norm_eps));
  gguf_set_val_f32(gguf, "llama.rope.freq_base", static_cast<float>(c.rope_theta));
}

}  // namespace

void write_gguf_model(const ModelWeights& weights, const std::filesystem::path& file, ggml_type type,
                      const std::function<void(gguf_context*)>& edit) {
  const auto& c = weights.config;
  Writer writer(type);
  set_keys(writer.gguf(), c);
  writer.add("token_embd.weight", weights.embedding);
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    const auto& w = weights.layers[i];
    const std::string stem = "blk." + std::to_string(i) + ".";
    writer.add(stem + "attn_norm.weight", w.attention_norm);
    writer.add(stem + "attn_q.weight", w.qkv, 0, c.q_size(), c.heads);
    writer.add(stem + "attn_k.weight", w.qkv, c.q_size(), c.kv_size(), c.kv_heads);
    writer.add(stem + "attn_v.weight", w.qkv, c.q_size() + c.kv_size(), c.kv_size());
    writer.add(stem + "attn_output.weight", w.out);
    writer.add(stem + "ffn_norm.weight", w.feed_forward_norm);
    writer.add(stem + "ffn_gate.weight", w.gate_up, 0, c.feed_forward);
    writer.add(stem + "ffn_up.weight", w.gate_up, c.feed_forward, c.feed_forward);
    writer.add(stem + "ffn_down.weight", w.down);
  }
  writer.add("output_norm.weight", weights.final_norm);
  if (!c.tied) writer.add("output.weight", weights.head);
  if (edit) edit(writer.gguf());
  if (!gguf_write_to_file(writer.gguf(), file.c_str(), false))
    throw std::runtime_error("cannot write " + file.string());
}

std::filesystem::path split_gguf_model(const std::filesystem::path& file, const std::filesystem::path& stem,
                                       std::size_t tensors) {
  const auto model = modelfile::read_gguf_model(file).value();
  const auto files = modelfile::GgufModelFiles::open(model).value();
  const std::size_t count = (model.header.tensors.size() + tensors - 1) / tensors;
  const auto name = [&](std::size_t part) {
    char suffix[40];
    std::snprintf(suffix, sizeof suffix, "-%05zu-of-%05zu.gguf", part + 1, count);
    return std::filesystem::path(stem.string() + suffix);
  };
  std::size_t next = 0;
  for (std::size_t part = 0; part < count; ++part) {
    modelfile::GgufHeader header;
    if (part == 0) header.metadata = model.header.metadata;
    header.set("split.no", modelfile::GgufValue::u32(static_cast<std::uint32_t>(part)));
    header.set("split.count", modelfile::GgufValue::u32(static_cast<std::uint32_t>(count)));
    for (std::size_t i = next; i < std::min(next + tensors, model.header.tensors.size()); ++i)
      header.tensors.push_back(model.header.tensors[i]);
    const auto written = modelfile::write_gguf(name(part), header,
                                               [&](const auto&, const auto& sink) { return files.copy(next++, sink); });
    if (!written.ok()) throw std::runtime_error(written.error().message);
  }
  return name(0);
}

}  // namespace fw::trainer
