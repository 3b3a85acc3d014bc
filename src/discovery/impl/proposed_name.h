#pragma once

#include <string>
#include <string_view>

namespace fw::discovery {

/// A name for what a prompt asks for: `customer-service-agent` out of "You are a helpful customer service agent of
/// ...", `airline-agent-policy` out of a heading; its first words where it says neither. Empty where it has no words in
/// ASCII letters.
[[nodiscard]] std::string proposed_name(std::string_view prompt);

/// Letters, digits and `-` of a text; at most 40.
[[nodiscard]] std::string as_name(std::string_view text);

}  // namespace fw::discovery
