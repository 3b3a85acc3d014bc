#pragma once

#include <filesystem>

namespace fw::app {

/// $FLYWHEEL_DATA, else $XDG_DATA_HOME/flywheel, else ~/.local/share/flywheel.
[[nodiscard]] std::filesystem::path default_data_folder();

}  // namespace fw::app
