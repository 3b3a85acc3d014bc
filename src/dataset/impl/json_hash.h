#pragma once

#include <cstdint>
#include <string_view>

#include <simdjson.h>

namespace fw::dataset {

[[nodiscard]] std::uint64_t combine(std::uint64_t a, std::uint64_t b);
[[nodiscard]] std::uint64_t combine(std::uint64_t a, std::string_view b);

/// Equal for two values that differ in nothing but the order of keys and the writing of numbers (1 and 1.0).
[[nodiscard]] std::uint64_t hash_json(simdjson::dom::element value);

}  // namespace fw::dataset
