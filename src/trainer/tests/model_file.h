#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace fw::trainer {

/// The demo's model: FLYWHEEL_MODEL, or where scripts/setup puts it.
inline std::filesystem::path model_file() {
  if (const char* file = std::getenv("FLYWHEEL_MODEL")) return file;
  std::filesystem::path cache;
  if (const char* folder = std::getenv("FLYWHEEL_CACHE")) {
    cache = folder;
  } else if (const char* xdg = std::getenv("XDG_CACHE_HOME")) {
    cache = std::filesystem::path(xdg) / "flywheel";
  } else if (const char* home = std::getenv("HOME")) {
    cache = std::filesystem::path(home) / ".cache" / "flywheel";
  }
  return cache / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf";
}

}  // namespace fw::trainer
