#pragma once

#include <string>
#include <string_view>

namespace fw::dataset {

/// The text without its dates and times, so that a prompt is the same on every day: `2025-06-01`, `1.6.2025`,
/// `06/01/25`, `10:00`, `10:00:11Z`, `10:00 am`, `2025-06-01T10:00:11.5+02:00`, `June 1st, 2025`, `1. Juni 2025`; a day
/// of the week in English, or one that a comma parts from a date in words. Other numbers stay.
[[nodiscard]] std::string without_dates(std::string_view text);

}  // namespace fw::dataset
