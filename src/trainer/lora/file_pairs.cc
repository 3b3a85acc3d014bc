#include "trainer/lora/file_pairs.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

#include "trainer/families/family.h"

namespace fw::trainer {
namespace {

// The pairs of `module` that a layer has, as one.
FilePair join(const std::array<LowRankPair, 7>& layer, const FileModule& module, const ModelConfig& config) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> a;
  std::int64_t rows = 0, ranks = 0;
  for (const auto part : module.parts) {
    const auto& pair = layer[static_cast<std::size_t>(part)];
    rows += shape_of(config, part)[0];
    if (!pair.a.defined()) continue;
    a.push_back(pair.a);
    ranks += pair.a.size(0);
  }
  FilePair out;
  if (a.empty()) return out;
  out.a = at::cat(a, 0);
  out.b = at::zeros({rows, ranks}, at::kFloat);
  std::int64_t row = 0, column = 0;
  for (const auto part : module.parts) {
    const auto& pair = layer[static_cast<std::size_t>(part)];
    const std::int64_t height = shape_of(config, part)[0];
    if (pair.a.defined()) {
      out.b.narrow(0, row, height).narrow(1, column, pair.b.size(1)).copy_(pair.b);
      column += pair.b.size(1);
    }
    row += height;
  }
  return out;
}

}  // namespace

std::vector<FileModule> file_modules(const ModelConfig& config) {
  if (family_of(config).joined)
    return {{"self_attn.qkv_proj", {Projection::kQuery, Projection::kKey, Projection::kValue}},
            {"self_attn.o_proj", {Projection::kOutput}},
            {"mlp.gate_up_proj", {Projection::kGate, Projection::kUp}},
            {"mlp.down_proj", {Projection::kDown}}};
  std::vector<FileModule> out;
  for (const auto projection : kProjections) out.push_back({module_name(projection), {projection}});
  return out;
}

std::vector<FilePair> file_pairs(const Adapter& adapter, const ModelConfig& config) {
  std::vector<FilePair> out;
  const auto modules = file_modules(config);
  for (std::size_t layer = 0; layer < adapter.layers.size(); ++layer)
    for (const auto& module : modules) {
      const auto& first = adapter.layers[layer][static_cast<std::size_t>(module.parts.front())];
      FilePair pair;
      if (module.parts.size() > 1) {
        pair = join(adapter.layers[layer], module, config);
      } else {
        pair.a = first.a;
        pair.b = first.b;
      }
      if (!pair.a.defined()) continue;
      pair.layer = static_cast<int>(layer);
      pair.projection = module.parts.front();
      pair.module = module.name;
      out.push_back(std::move(pair));
    }
  return out;
}

}  // namespace fw::trainer
