#pragma once

#include <string>

namespace fw {

/// A measured share for people, to a tenth: `98.0 %`.
[[nodiscard]] std::string percent(double share);
/// A share that somebody set, as short as it was written: `5 %`, `0.05 %`.
[[nodiscard]] std::string percent_as_set(double share);

}  // namespace fw
