#pragma once

#include <string_view>
#include <vector>

#include "trainer/lora/adapter.h"

namespace fw::trainer {

/// A low-rank pair of one matrix as a model's files keep it: of a projection, or of the several that are one matrix
/// there (Family::joined). Those side by side have the sum of their ranks, each block of `b` its own columns.
struct FilePair {
  int layer = 0;
  Projection projection{};  ///< the first of those that are joined
  std::string_view module;  ///< below `model.layers.N.`: `self_attn.qkv_proj`
  at::Tensor a;             ///< [rank, in]
  at::Tensor b;             ///< [out, rank]

  [[nodiscard]] std::int64_t rank() const { return a.size(0); }
};

/// In a fixed order, layer by layer. Tensors of projections that are not joined are the adapter's own.
[[nodiscard]] std::vector<FilePair> file_pairs(const Adapter& adapter, const ModelConfig& config);

/// A matrix of the files and the projections whose rows it holds, in order.
struct FileModule {
  std::string_view name;
  std::vector<Projection> parts;
};
[[nodiscard]] std::vector<FileModule> file_modules(const ModelConfig& config);

}  // namespace fw::trainer
