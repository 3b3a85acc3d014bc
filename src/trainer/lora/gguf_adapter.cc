#include <algorithm>
#include <map>

#include "modelfile/gguf.h"
#include "trainer/lora/adapter_files.h"
#include "trainer/weights/gguf_names.h"

namespace fw::trainer {
namespace {

using modelfile::GgufValue;

// Files of architecture llama, which mistral's are too, keep rows of q and k in pairs.
std::int64_t paired_heads(const ModelConfig& config, Projection projection) {
  if (config.architecture != "llama" && config.architecture != "mistral") return 0;
  if (projection == Projection::kQuery) return config.heads;
  return projection == Projection::kKey ? config.kv_heads : 0;
}

std::string gguf_name_of(const Adapter::Named& item) {
  const auto name = gguf_name("model.layers." + std::to_string(item.layer) + "." +
                              std::string(module_name(item.projection)) + ".weight");
  return name.value() + (item.is_a ? ".lora_a" : ".lora_b");
}

}  // namespace

Status write_gguf_adapter(const Adapter& adapter, const ModelConfig& config, const std::filesystem::path& file) {
  const auto named = adapter.named();
  const auto& settings = adapter.settings;
  // llama.cpp scales by alpha / rank whatever the adapter's own rule was.
  const double alpha = settings.scale() * static_cast<double>(settings.rank);
  modelfile::GgufHeader header;
  header.set("general.type", GgufValue::string("adapter"));
  header.set("general.architecture",
             GgufValue::string(config.architecture == "mistral" ? "llama" : config.architecture));
  header.set("adapter.type", GgufValue::string("lora"));
  header.set("adapter.lora.alpha", GgufValue::f32(static_cast<float>(alpha)));
  for (const auto& item : named)
    header.tensors.push_back(
        {gguf_name_of(item),
         0,
         {static_cast<std::uint64_t>(item.tensor.size(1)), static_cast<std::uint64_t>(item.tensor.size(0))}});
  std::size_t next = 0;
  std::vector<float> paired;
  return modelfile::write_gguf(file, header, [&](const modelfile::GgufTensor&, const auto& sink) -> Status {
    const auto& item = named[next++];
    auto data = values(item.tensor);
    if (const auto heads = paired_heads(config, item.projection); heads > 0 && !item.is_a) {
      paired.resize(data.size());
      rows_to_pairs(data, heads, item.tensor.size(1), paired);
      data = paired;
    }
    return sink({reinterpret_cast<const char*>(data.data()), data.size_bytes()});
  });
}

}  // namespace fw::trainer
