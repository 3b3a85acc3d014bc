#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace fw::runs {

/// Evaluation rows (docs/formats/dataset_rows.md) with another system prompt: of every request the messages of system
/// and developer at its start give way to `prompt`; where it begins with none, one is put there. The in-context
/// examples of a row stay before it: what they are is told by `plain`, the same rows without examples. Everything else
/// keeps its bytes. kDataLoss when the two are not the same rows.
[[nodiscard]] Result<std::string> with_system_prompt(std::string_view rows, std::string_view plain,
                                                     const std::string& prompt);

}  // namespace fw::runs
