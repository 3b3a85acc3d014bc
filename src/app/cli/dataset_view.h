#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "app/cli/terminal.h"

namespace fw::app {

/// What a card says of leaks: figures, method, and the pairs to look at.
void print_leak(const nlohmann::ordered_json& leak, Terminal& out);

/// The beginning of a text for a line; cut at a character.
[[nodiscard]] std::string beginning_for_line(std::string_view text, std::size_t bytes);

}  // namespace fw::app
