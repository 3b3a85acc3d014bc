#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "async/deadline.h"
#include "base/result.h"
#include "dataset/card.h"

namespace fw::dataset {

/// The datasets of a run as they lie in files, JSON lines each (docs/formats/dataset_rows.md); empty where one is not
/// there.
struct RowFiles {
  std::string evaluation;
  std::string in_context;  ///< the same rows, in the same order, with examples
  std::string training;
  std::string validation;
};

struct VerifiedRows {
  std::uint64_t evaluation = 0;
  std::uint64_t in_context = 0;
  std::uint64_t training = 0;  ///< and validation
  std::uint64_t unclear = 0;   ///< rows without a clear request and answer: looked at for their words alone
  Leak leak;
};

/// Looks for leaks in finished rows, whoever made them: nothing of how they were drawn is trusted or known, so
/// conversations are told by what the rows say, and `eval_rows_near_example` counts in-context rows whose examples hold
/// the row's own words. Errors: kInvalidArgument names the line that is no JSON object; the deadline's.
[[nodiscard]] Result<VerifiedRows> verify_rows(const RowFiles& files, double near_duplicate_threshold,
                                               const Deadline& deadline);

/// Whether rows of evaluation are in-context rows: those that are long may have no example, but not all.
[[nodiscard]] bool has_examples(std::string_view rows);

}  // namespace fw::dataset
