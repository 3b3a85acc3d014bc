#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "dataset/impl/draw.h"
#include "dataset/settings.h"

namespace fw::dataset {

enum class Side : std::uint8_t {
  kTrain,
  kValidation,
  kEval,
  kConversationOfEvaluation,  ///< left out: a row of its conversation is an evaluation row
  kTemplateOfEvaluation,      ///< left out of training: a row of its unit is an evaluation row
  kNearEvaluation,            ///< left out of training: its request is nearly that of an evaluation row
  kSuspicious,                ///< left out of training: its answer looks wrong
  kConversationOfValidation,  ///< left out of training
  kNewestSurplus,             ///< left out of training
};

/// How many rows were drawn out of how many.
struct Stage {
  std::uint64_t rows = 0;
  std::uint64_t of = 0;
};

struct Split {
  std::vector<Side> sides;        ///< one per row
  std::vector<bool> in_newest;    ///< one per row: of a conversation that has rows of the newest part
  std::vector<bool> is_frequent;  ///< one per row: came so often that it was not drawn by lot (split_rows)
  Stage newest_eval;              ///< rows == 0 where there is no newest part
  Stage eval;                     ///< evaluation rows out of the older part (all, where there is no newest part)
  Stage validation;
};

/// A row that must not train, and why.
struct LeftOut {
  std::size_t row = 0;
  Side as = Side::kNearEvaluation;
};
/// Tells them once the evaluation rows are known.
using LeaveOut = std::function<Result<std::vector<LeftOut>>(std::span<const Side> sides)>;

/// Puts min(eval_size, n) rows on the evaluation side, round(eval_size * newest_eval_share) of them out of the newest
/// part as far as both parts have rows; of the rest ceil(val_ratio * rest) on the validation side (draw.h). A
/// conversation with a row of the newest part is of that part. Requests that stand for more of a part's records than
/// one row of its evaluation would, half of the rows at most, are evaluation rows in any case, the most frequent first:
/// left to the lot, a greeting that is half of the traffic would hardly ever be asked. To keep units on one side, a
/// tenth of the older rows, or as many as are drawn, may be left out; `others` names more. Added rows train, or are
/// left out as others are. Errors: its, and where validation would take all that is left.
[[nodiscard]] Result<Split> split_rows(std::span<const SplitRow> rows, const SplitSettings& settings,
                                       std::uint64_t seed, const LeaveOut& others = {});

}  // namespace fw::dataset
