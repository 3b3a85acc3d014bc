#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataset/settings.h"

namespace fw::dataset {

/// What the split looks at of a row.
struct SplitRow {
  std::string label;
  std::uint32_t conversation = 0;
  bool is_newest = false;  ///< of the newest part, which is kept out of training
};

enum class Side {
  kTrain,
  kValidation,
  kEval,
  kConversationOfEvaluation,  ///< left out: a row of its conversation is an evaluation row
  kConversationOfValidation,  ///< left out of training
  kNewestSurplus,             ///< left out of training
};

/// One draw of rows, stratified where that is possible.
struct Stage {
  std::uint64_t rows = 0;
  std::uint64_t of = 0;
  std::string not_stratified;  ///< why; empty: it is
};

struct Split {
  std::vector<Side> sides;  ///< one per row
  Stage newest_eval;        ///< rows == 0 where there is no newest part
  Stage eval;               ///< evaluation rows out of the older part (all, where there is no newest part)
  Stage validation;
};

/// Puts min(eval_size, n) rows on the evaluation side, round(eval_size * newest_eval_share) of them out of the newest
/// part as far as both parts have rows; of the rest ceil(val_ratio * rest) on the validation side. Conversations are
/// taken whole where that keeps the class counts of allocate(); where it cannot, some rows of a conversation are taken
/// and its others left out. Error where validation would take all that is left.
[[nodiscard]] Result<Split> split_rows(std::span<const SplitRow> rows, const SplitSettings& settings,
                                       std::uint64_t seed);

}  // namespace fw::dataset
