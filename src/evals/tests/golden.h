#pragma once

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "io/file.h"

namespace fw::evals {

/// The folder of recorded vectors: FLYWHEEL_GOLDEN_DIR, or the copy in this repository.
inline std::filesystem::path golden_folder() {
  if (const char* folder = std::getenv("FLYWHEEL_GOLDEN_DIR")) return folder;
  if (const char* source = std::getenv("FLYWHEEL_SOURCE_DIR")) return std::filesystem::path(source) / "tests/golden";
  return std::filesystem::path(FW_SOURCE_DIR) / "tests/golden";
}

inline std::string golden_text(const std::string& file) { return io::read_file(golden_folder() / file).value(); }
inline nlohmann::json golden_json(const std::string& file) { return nlohmann::json::parse(golden_text(file)); }

/// A recorded number; those that are not finite are recorded as text.
inline double number(const nlohmann::json& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  if (!value.is_string()) return value.get<double>();
  return std::strtod(value.get<std::string>().c_str(), nullptr);
}

inline bool is_close(double x, double expected, double absolute, double relative) {
  if (std::isnan(expected)) return std::isnan(x);
  if (std::isinf(expected)) return x == expected;
  return std::fabs(x - expected) <= absolute + relative * std::fabs(expected);
}

}  // namespace fw::evals
