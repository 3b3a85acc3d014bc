#pragma once

#include <string_view>

namespace fw::evals {

/// 1 when both texts are the same after squad_normalized, else 0.
[[nodiscard]] double exact_match(std::string_view reference, std::string_view candidate);

}  // namespace fw::evals
