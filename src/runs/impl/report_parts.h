#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "runs/report.h"

namespace fw::runs {

/// The entry of one candidate in the report: what it is, its evaluations, its training.
[[nodiscard]] nlohmann::ordered_json candidate_json(const ReportInput& input, std::size_t index, const std::string& leading);

[[nodiscard]] nlohmann::ordered_json price_json(const std::optional<modelops::Price>& price);
[[nodiscard]] nlohmann::ordered_json time_json(const std::optional<Timestamp>& time);

/// null for what is absent.
template <class T>
nlohmann::ordered_json optional_json(const std::optional<T>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

}  // namespace fw::runs
