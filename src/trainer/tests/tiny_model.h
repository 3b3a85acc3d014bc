#pragma once

#include <algorithm>
#include <vector>

#include "base/random.h"
#include "trainer/model/model.h"

namespace fw::trainer {

/// A decoder of a few thousand random weights.
struct TinyModel {
  static ModelConfig config();
  static ModelWeights make(ModelConfig config, std::uint64_t seed, bool biases = false, bool head_norms = false);
};

/// Random rows: `beginning` is what they share, then `own` tokens each (one to `own`, of which the last third is the
/// answer).
std::vector<TrainingRow> random_rows(std::size_t count, std::int64_t beginning, std::int64_t own, std::int64_t vocab,
                                     Random& random);

/// An adapter whose b is not zero, so that every gradient is.
Adapter random_adapter(const ModelConfig& config, AdapterSettings settings, std::uint64_t seed);

std::vector<const TrainingRow*> pointers_to(const std::vector<TrainingRow>& rows);

}  // namespace fw::trainer
