#include <algorithm>
#include <memory>

#include "ggml.h"
#include "gguf.h"
#include "trainer/lora/adapter_files.h"
#include "trainer/weights/gguf_names.h"

namespace fw::trainer {
namespace {

struct GgufDeleter {
  void operator()(gguf_context* c) const { gguf_free(c); }
};
struct GgmlDeleter {
  void operator()(ggml_context* c) const { ggml_free(c); }
};

// Files of architecture llama, which mistral's are too, keep rows of q and k in pairs.
std::int64_t paired_heads(const ModelConfig& config, Projection projection) {
  if (config.architecture != "llama" && config.architecture != "mistral") return 0;
  if (projection == Projection::kQuery) return config.heads;
  return projection == Projection::kKey ? config.kv_heads : 0;
}

}  // namespace

Status write_gguf_adapter(const Adapter& adapter, const ModelConfig& config, const std::filesystem::path& file) {
  const auto named = adapter.named();
  const std::unique_ptr<gguf_context, GgufDeleter> out(gguf_init_empty());
  const std::unique_ptr<ggml_context, GgmlDeleter> tensors(
      ggml_init({ggml_tensor_overhead() * (named.size() + 1), nullptr, true}));
  const auto& settings = adapter.settings;
  // llama.cpp scales by alpha / rank whatever the adapter's own rule was.
  const double alpha = settings.scale() * static_cast<double>(settings.rank);
  gguf_set_val_str(out.get(), "general.type", "adapter");
  gguf_set_val_str(out.get(), "general.architecture",
                   config.architecture == "mistral" ? "llama" : config.architecture.c_str());
  gguf_set_val_str(out.get(), "adapter.type", "lora");
  gguf_set_val_f32(out.get(), "adapter.lora.alpha", static_cast<float>(alpha));
  std::vector<std::vector<float>> paired;
  for (const auto& item : named) {
    const auto name = gguf_name("model.layers." + std::to_string(item.layer) + "." +
                                std::string(module_name(item.projection)) + ".weight");
    ggml_tensor* tensor = ggml_new_tensor_2d(tensors.get(), GGML_TYPE_F32, item.tensor.size(1), item.tensor.size(0));
    ggml_set_name(tensor, (name.value() + (item.is_a ? ".lora_a" : ".lora_b")).c_str());
    auto data = values(item.tensor);
    if (const auto heads = paired_heads(config, item.projection); heads > 0 && !item.is_a) {
      paired.emplace_back(data.size());
      rows_to_pairs(data, heads, item.tensor.size(1), paired.back());
      data = paired.back();
    }
    tensor->data = const_cast<float*>(data.data());
    gguf_add_tensor(out.get(), tensor);
  }
  if (!gguf_write_to_file(out.get(), file.c_str(), false))
    return resource_exhausted("cannot write " + file.string() + "; is the disk full?");
  return {};
}

}  // namespace fw::trainer
