#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace fw::dataset {

/// Keeps the order of keys.
using Json = nlohmann::ordered_json;

/// Bounds on captured JSON: what lies beyond is no chat request. They keep recursion shallow and the order-keeping
/// objects, whose look-up is linear, from becoming quadratic in the size of a hostile record.
inline constexpr std::size_t kMaxJsonBytes = 16u << 20;
inline constexpr std::size_t kMaxJsonDepth = 64;
inline constexpr std::size_t kMaxObjectKeys = 1024;
inline constexpr std::size_t kMaxJsonValues = 500'000;
inline constexpr std::size_t kMaxKeyComparisons = 20'000'000;  ///< keys that stand before each key, over all objects

[[nodiscard]] bool is_within_limits(std::string_view text);

/// An escape of half a character, which parsers judge differently. May take a text for one that has none.
[[nodiscard]] bool has_lone_surrogate(std::string_view text);

/// The value, or nothing if the text is beyond the limits or no JSON. Never throws.
[[nodiscard]] std::optional<Json> parse_json(std::string_view text);

/// One line of JSON; bytes that are no UTF-8 are replaced.
[[nodiscard]] std::string to_line(const Json& value);
[[nodiscard]] std::string to_indented(const Json& value);

/// The member, or nullptr if `object` is no object or has no such member, or it is null.
[[nodiscard]] const Json* member(const Json& object, std::string_view key);
/// The member as a string, or "" if there is no such string.
[[nodiscard]] const std::string& string_member(const Json& object, std::string_view key);

}  // namespace fw::dataset
