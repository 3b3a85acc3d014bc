#pragma once

#include <filesystem>

#include "app/config/config.h"
#include "modelops/local/settings.h"

namespace fw::app {

/// The folder of the running program.
[[nodiscard]] std::filesystem::path own_folder();

/// The engines that are used: those that the configuration names, else those that are found.
[[nodiscard]] modelops::EnginePrograms engine_programs(const EngineSettings& engines);

}  // namespace fw::app
