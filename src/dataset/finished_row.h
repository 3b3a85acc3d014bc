#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "async/deadline.h"
#include "base/result.h"

namespace fw::dataset {

/// A row of a dataset's file, whichever side it is of, as a conversation whose last message is the answer.
struct FinishedRow {
  std::string_view line;            ///< as it stands in the file; valid during the visit
  std::uint64_t number = 0;         ///< from 0
  std::string record_id;            ///< of rows that say it: evaluation's
  std::string label;                ///< the answer's first tool, `no_tool` where it calls none
  nlohmann::ordered_json messages;  ///< the answer's arguments may be an object
  nlohmann::ordered_json tools;     ///< null where none are offered
};

/// Calls `visit` with every row of a file in JSON lines (docs/formats/dataset_rows.md); ends early with its error.
/// kInvalidArgument names the line, counted from 1, that is no row; the deadline's.
[[nodiscard]] Status for_each_row(std::string_view file, const Deadline& deadline,
                                  const std::function<Status(const FinishedRow&)>& visit);

}  // namespace fw::dataset
