#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/lora/adapter.h"
#include "trainer/model/model.h"

namespace fw::trainer {

/// The plain way to compute what PackedModel computes: right-padded rows [rows, width], every token of every row, a
/// dense mask, libtorch's own operations and derivatives, logits of the whole vocabulary everywhere. Slow, and what the
/// fast path is compared with. `mask` [rows, width]: 1 where there is a token.
[[nodiscard]] at::Tensor reference_logits(const ModelWeights& weights, const Adapter* adapter, const at::Tensor& ids,
                                          const at::Tensor& mask);

/// Sum of cross entropies over the rows' answers, by reference_logits.
[[nodiscard]] at::Tensor reference_loss(const ModelWeights& weights, const Adapter* adapter,
                                        const std::vector<TrainingRow>& rows);

}  // namespace fw::trainer
