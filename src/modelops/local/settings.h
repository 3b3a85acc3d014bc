#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace fw::modelops {

/// The programs that do the work on this machine. An empty path: not installed; what needs it says so.
struct EnginePrograms {
  std::filesystem::path llama_server;
  std::filesystem::path llama_quantize;
  std::filesystem::path trainer;
};

/// Looks beside our own program, then for what scripts/setup built for this very processor in the cache folder, then in
/// the folders of `search_path` (the form of PATH).
[[nodiscard]] EnginePrograms find_engine_programs(const std::filesystem::path& own_folder,
                                                  const std::filesystem::path& cache_folder,
                                                  const std::string& search_path = "");

/// $FLYWHEEL_CACHE, else $XDG_CACHE_HOME/flywheel, else ~/.cache/flywheel: as in scripts/lib.sh.
[[nodiscard]] std::filesystem::path default_cache_folder();

/// All that `local` is told; the composition root fills it. A value.
struct LocalSettings {
  std::filesystem::path data_folder;  ///< datasets/, models/ and engines/ are made below it
  EnginePrograms programs;
  int threads = 0;   ///< for an engine or the trainer; 0: one per processor that this process may use
  int niceness = 0;  ///< of all programs but an engine that answers traffic (io::ProcessSpec::niceness)
  /// GGUF type that models are served in (`Q8_0`); absent: chosen by the processor (README.md).
  std::optional<std::string> serving_type;
  Duration ready_timeout = std::chrono::minutes(3);  ///< from start until the engine answers
  /// What is shown of a line that an engine wrote, where an error quotes its last words; absent: all of it.
  std::function<std::string(std::string)> redact{};
  /// What the engines' attention caches may take, each; slots are given up to stay within. 0: a quarter of the memory.
  std::uint64_t cache_bytes = 0;
};

/// LocalSettings::threads, resolved.
[[nodiscard]] int thread_count(const LocalSettings& settings);

}  // namespace fw::modelops
