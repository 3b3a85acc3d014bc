#pragma once

#include <string_view>

namespace fw::dataset {

/// A short text that is nothing but a model's own refusal, by how it begins: "I'm sorry, but I can't help with that.",
/// "As an AI language model, I ...", and the like in the languages that models refuse in most. What an application
/// declines by its own rules ("I'm sorry, but we do not ship to Norway.") is none.
[[nodiscard]] bool reads_like_refusal(std::string_view text);

}  // namespace fw::dataset
