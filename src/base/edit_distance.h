#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fw {

/// Fewest insertions, deletions, substitutions and swaps of neighbours that turn a into b (optimal string alignment).
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate closest to a mistyped name, if one is close enough to be meant (a third of its length, at least 1).
[[nodiscard]] std::optional<std::string> nearest_name(std::string_view name, std::span<const std::string> candidates);

}  // namespace fw
