#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "evals/summary.h"
#include "runs/report.h"

namespace fw::runs {

/// Of every evaluation in ReportInput::rows.
using Summaries = std::map<ReportInput::EvaluationKey, evals::EvaluationSummary>;

/// The entry of one candidate in the report: what it is, its evaluations, its training.
[[nodiscard]] nlohmann::ordered_json candidate_json(const ReportInput& input, const Summaries& summaries,
                                                    std::size_t index, const std::string& leading);

[[nodiscard]] nlohmann::ordered_json price_json(const std::optional<modelops::Price>& price);
[[nodiscard]] nlohmann::ordered_json time_json(const std::optional<Timestamp>& time);

/// null for what is absent.
template <class T>
nlohmann::ordered_json optional_json(const std::optional<T>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

}  // namespace fw::runs
