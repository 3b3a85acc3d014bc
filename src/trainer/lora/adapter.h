#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "trainer/weights/model_config.h"

namespace fw::trainer {

/// The seven linear layers of a decoder layer.
enum class Projection : std::uint8_t { kQuery, kKey, kValue, kOutput, kGate, kUp, kDown };
constexpr std::array kProjections{Projection::kQuery, Projection::kKey, Projection::kValue, Projection::kOutput,
                                  Projection::kGate,  Projection::kUp,  Projection::kDown};

/// `self_attn.q_proj` and so on, as Hugging Face names them.
[[nodiscard]] std::string_view module_name(Projection projection);
/// Output and input size.
[[nodiscard]] std::array<std::int64_t, 2> shape_of(const ModelConfig& config, Projection projection);

/// Low-rank pair of one linear layer (Hu et al. 2021): W + scale * b a. Undefined tensors: this layer is not adapted.
struct LowRankPair {
  at::Tensor a;  ///< [rank, in]
  at::Tensor b;  ///< [out, rank]
};

struct AdapterSettings {
  std::int64_t rank = 16;
  double alpha = 32;
  bool rank_stabilised = false;  ///< scale alpha / sqrt(rank) instead of alpha / rank
  int first_layer = 0;           ///< layers below it are not adapted
  std::vector<Projection> targets{kProjections.begin(), kProjections.end()};

  [[nodiscard]] double scale() const;
};

/// A LoRA adapter in training: leaf tensors that require gradients.
struct Adapter {
  AdapterSettings settings;
  std::vector<std::array<LowRankPair, 7>> layers;

  [[nodiscard]] const LowRankPair& at(int layer, Projection projection) const {
    return layers[static_cast<std::size_t>(layer)][static_cast<std::size_t>(projection)];
  }
  /// Every tensor with its name below `model.layers.` (`3.self_attn.q_proj.lora_A.weight`), in a fixed order.
  struct Named {
    std::string name;
    at::Tensor tensor;
    int layer;
    Projection projection;
    bool is_a;
  };
  [[nodiscard]] std::vector<Named> named() const;
};

/// a uniform in +-1 / sqrt(in), as PEFT's default (Kaiming uniform with a = sqrt 5); b zero.
[[nodiscard]] Adapter make_adapter(const ModelConfig& config, AdapterSettings settings, Random random);

/// The same values in tensors of its own.
[[nodiscard]] Adapter copy(const Adapter& adapter);

/// The tensors' bytes; fp32, row-major.
[[nodiscard]] std::span<const float> values(const at::Tensor& tensor);

}  // namespace fw::trainer
