#include "app/engine_programs.h"

namespace fw::app {

std::filesystem::path own_folder() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::filesystem::path(".") : program.parent_path();
}

modelops::EnginePrograms engine_programs(const EngineSettings& engines) {
  auto programs =
      modelops::find_engine_programs(own_folder(), modelops::default_cache_folder(), process_environment()("PATH"));
  if (!engines.llama_server.empty()) programs.llama_server = engines.llama_server;
  if (!engines.llama_quantize.empty()) programs.llama_quantize = engines.llama_quantize;
  if (!engines.trainer.empty()) programs.trainer = engines.trainer;
  return programs;
}

}  // namespace fw::app
