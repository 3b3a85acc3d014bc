#pragma once

#include <filesystem>
#include <string>

namespace fw::app {

/// $FLYWHEEL_DATA, else $XDG_DATA_HOME/flywheel, else ~/.local/share/flywheel.
[[nodiscard]] std::filesystem::path default_data_folder();
/// For an option that names one: what is wrong with an empty text, such as that of a variable that is not set, which is
/// not the default that leaving the option out is.
[[nodiscard]] std::string check_folder_name(const std::string& name);

}  // namespace fw::app
