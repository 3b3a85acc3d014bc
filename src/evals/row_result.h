#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "modelops/evaluator.h"

namespace fw::evals {

/// A line of a results file (docs/formats/row_results.md), without its line feed. `request`, `response` and `reference`
/// stand in it as JSON, not as text: they must be compact JSON (json_text.h) or empty.
[[nodiscard]] std::string to_json_line(const modelops::RowResult& row);
/// The inverse: equal in every field. kDataLoss for anything else.
[[nodiscard]] Result<modelops::RowResult> parse_row_result(std::string_view line);

/// Whole or not at all. Both block.
[[nodiscard]] Status write_row_results(const std::filesystem::path& path, std::span<const modelops::RowResult> rows);
/// kDataLoss names file and line.
[[nodiscard]] Result<std::vector<modelops::RowResult>> read_row_results(const std::filesystem::path& path);

}  // namespace fw::evals
