#pragma once

#include <span>
#include <string>
#include <string_view>

namespace fw::discovery {

/// A pattern with `*` for the slots that all of `texts` fit (capture/gateway/pattern.h), as short as keeps out those of
/// `others`, if any pattern of their common words does. `is_whole`: the texts are complete, so that the pattern may ask
/// for their end. Empty where the texts have too little in common. `texts` is not empty.
[[nodiscard]] std::string pattern_of(std::span<const std::string_view> texts, std::span<const std::string_view> others,
                                     bool is_whole);

}  // namespace fw::discovery
