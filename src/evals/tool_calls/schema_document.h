#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "evals/python_json.h"

namespace fw::evals {

inline constexpr std::size_t kMostSchemaNodes = 5'000;
inline constexpr std::size_t kMostSchemaDepth = 64;
inline constexpr std::int64_t kMostPatternMemory = 1 << 20;  ///< of a compiled pattern, bytes

/// Names of keywords that are checked by constraints of our own.
inline constexpr const char* kStepKeyword = "x-step";  ///< in every schema, checked first
inline constexpr const char* kPatternKeyword = "x-pattern";
inline constexpr const char* kFormatKeyword = "x-format";
inline constexpr const char* kMultipleKeyword = "x-multiple";

/// The schema as a draft-7 document with well-formed keywords alone, every `$ref` within it; nothing beyond
/// kMostSchemaNodes or kMostSchemaDepth.
[[nodiscard]] std::optional<nlohmann::json> schema_document(const PythonValue& schema);

/// What a text of the format has to match as a whole (RE2); null for a format that is not checked.
[[nodiscard]] const char* pattern_of_format(std::string_view format);

/// The value as JSON; numbers that are whole are integers. Nothing beyond `most` values or kMostSchemaDepth.
[[nodiscard]] std::optional<nlohmann::json> json_of(const PythonValue& value, std::size_t most);

}  // namespace fw::evals
