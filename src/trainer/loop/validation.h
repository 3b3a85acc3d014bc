#pragma once

#include <functional>
#include <span>

#include "trainer/loop/frozen_states.h"
#include "trainer/model/model.h"

namespace fw::trainer {

/// How a model does on rows with their answers given (teacher forcing).
struct Score {
  double loss = 0;                 ///< mean cross entropy per answer token
  double exact = 0;                ///< share of rows whose every answer token has the highest logit
  std::vector<std::uint8_t> hits;  ///< per row
  std::vector<double> losses;      ///< per row: mean over its answer tokens
};

/// What a pass says of a tree's terms.
struct TermScores {
  std::vector<float> losses;
  std::vector<std::uint8_t> hits;
};
/// Of a packed batch and the numbers of its rows.
using ScoreTerms = std::function<Result<TermScores>(const TokenTree&, std::span<const std::size_t>)>;

/// The rows' numbers begin at `first_row`. `keep_going` is asked after every batch.
[[nodiscard]] Result<Score> score(const ScoreTerms& terms, std::span<const TrainingRow* const> rows,
                                  std::size_t first_row, const std::function<bool()>& keep_going);

/// Rows before layer `first_layer`: out of `states` (whose row numbers begin at `first_row`), or computed when it is
/// null. `keep_going` is asked after every batch.
[[nodiscard]] Result<Score> score(const PackedModel& model, const ModelConfig& config,
                                  std::span<const TrainingRow* const> rows, int first_layer, const FrozenStates* states,
                                  std::size_t first_row, const std::function<bool()>& keep_going);

}  // namespace fw::trainer
