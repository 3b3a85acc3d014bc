#pragma once

#include <string>
#include <string_view>

namespace fw::dataset {

/// JSON text in which integers beyond 64 bits are texts of their digits, marked so that they equal no text that is
/// one: so they can be compared digit for digit by what holds numbers in 64 bits.
[[nodiscard]] std::string with_large_integers_as_texts(std::string_view json);

}  // namespace fw::dataset
