#pragma once

#include <filesystem>

namespace fw::app {

/// The folder of the running program, beside which its engines are looked for first.
[[nodiscard]] std::filesystem::path own_folder();

}  // namespace fw::app
