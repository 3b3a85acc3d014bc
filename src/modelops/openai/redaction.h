#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fw::modelops {

/// The text of somebody's error with what could be a key replaced by `[key]`: our own secrets whole or in part, their
/// first or last four bytes and more where they stand by themselves, echoes of them with a masked middle (`sk-ab***yz`,
/// `abcd...wxyz`), and whatever has the form of a provider's key.
[[nodiscard]] std::string redact_keys(std::string_view text, const std::vector<std::string>& secrets);

/// Whether a text has the form of a key, by its prefix (`sk-`, `nvapi-`, `hf_`, ...) or by being long, unbroken and
/// mixed: what stands in a file where the name of a variable belongs.
[[nodiscard]] bool looks_like_key(std::string_view text);

}  // namespace fw::modelops
