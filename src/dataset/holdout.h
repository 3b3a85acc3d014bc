#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "async/deadline.h"
#include "base/result.h"
#include "modelops/row_traits.h"
#include "record/ids.h"

namespace fw::dataset {

/// A row of a fixed evaluation set: its record, and what was known of it when it was drawn.
struct HoldoutRow {
  record::RecordId record;
  std::int64_t timestamp = 0;  ///< of the record, epoch seconds
  std::uint64_t content = 0;   ///< content_of() its row
  modelops::RowTraits traits;
};

/// Of the request and the response of an evaluation row: equal where a model is asked and measured in the same bytes.
[[nodiscard]] std::uint64_t content_of(const nlohmann::ordered_json& row);

/// The evaluation rows of an earlier run, on which a later one is evaluated instead of rows of its own.
struct Holdout {
  std::string job;      ///< the earlier run
  std::string dataset;  ///< its evaluation dataset
  std::string digest;
  std::vector<HoldoutRow> rows;  ///< in the dataset's order; no record twice
};

/// The rows of an `eval_data.jsonl` (docs/formats/dataset_rows.md). What rows of older versions do not say has the
/// defaults of RowTraits. kInvalidArgument names the line that is no evaluation row; the deadline's.
[[nodiscard]] Result<std::vector<HoldoutRow>> read_holdout(std::string_view eval_data, const Deadline& deadline);

}  // namespace fw::dataset
