#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

#include "modelfile/gguf.h"
#include "trainer/families/family.h"
#include "trainer/lora/adapter_files.h"
#include "trainer/lora/file_pairs.h"
#include "trainer/weights/gguf_names.h"

namespace fw::trainer {
namespace {

using modelfile::GgufValue;

std::int64_t paired_heads(const ModelConfig& config, Projection projection) {
  if (!family_of(config).rows_in_pairs) return 0;
  if (projection == Projection::kQuery) return config.heads;
  return projection == Projection::kKey ? config.kv_heads : 0;
}

// A half of a pair as the file keeps it.
struct FileTensor {
  std::string name;
  at::Tensor tensor;
  std::int64_t paired_heads = 0;
};

std::vector<FileTensor> tensors_of(const Adapter& adapter, const ModelConfig& config) {
  const at::NoGradGuard no_grad;
  std::vector<FileTensor> out;
  for (const auto& pair : file_pairs(adapter, config)) {
    const std::string name =
        gguf_name("model.layers." + std::to_string(pair.layer) + "." + std::string(pair.module) + ".weight").value();
    out.push_back({name + ".lora_a", pair.a});
    // llama.cpp scales by the file's alpha over the tensor's rank, which is several times the adapter's where
    // projections are joined.
    const double more = static_cast<double>(pair.rank()) / static_cast<double>(adapter.settings.rank);
    out.push_back({name + ".lora_b", more == 1 ? pair.b : pair.b * more, paired_heads(config, pair.projection)});
  }
  return out;
}

}  // namespace

Status write_gguf_adapter(const Adapter& adapter, const ModelConfig& config, const std::filesystem::path& file) {
  const auto tensors = tensors_of(adapter, config);
  const auto& settings = adapter.settings;
  // llama.cpp scales by alpha / rank whatever the adapter's own rule was.
  const double alpha = settings.scale() * static_cast<double>(settings.rank);
  modelfile::GgufHeader header;
  header.set("general.type", GgufValue::string("adapter"));
  header.set("general.architecture", GgufValue::string(config.architecture));
  header.set("adapter.type", GgufValue::string("lora"));
  header.set("adapter.lora.alpha", GgufValue::f32(static_cast<float>(alpha)));
  for (const auto& item : tensors)
    header.tensors.push_back(
        {item.name,
         0,
         {static_cast<std::uint64_t>(item.tensor.size(1)), static_cast<std::uint64_t>(item.tensor.size(0))}});
  std::size_t next = 0;
  std::vector<float> paired;
  return modelfile::write_gguf(file, header, [&](const modelfile::GgufTensor&, const auto& sink) -> Status {
    const auto& item = tensors[next++];
    auto data = values(item.tensor);
    if (item.paired_heads > 0) {
      paired.resize(data.size());
      rows_to_pairs(data, item.paired_heads, item.tensor.size(1), paired);
      data = paired;
    }
    return sink({reinterpret_cast<const char*>(data.data()), data.size_bytes()});
  });
}

}  // namespace fw::trainer
