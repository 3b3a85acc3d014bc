#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace fw::app {

/// Why an evaluation of so many rows could not find any candidate good enough, not even one that is right on every row;
/// nothing where it could. Where the leading score is a rate, its interval at 100 % must lie within the margin.
[[nodiscard]] std::optional<std::string> cannot_decide(std::uint64_t eval_size, double margin);

}  // namespace fw::app
