#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "io/machine.h"

namespace fw::modelops {

/// What serving a model would take on this machine, by its header alone.
struct ServingFit {
  std::string type;                ///< that it would be served in
  std::uint64_t weight_bytes = 0;  ///< in that type
  std::uint64_t cache_bytes = 0;   ///< of all slots
  int slots = 1;
  std::int64_t slot_context = 0;   ///< tokens
  std::uint64_t memory_bytes = 0;  ///< that it was planned with

  [[nodiscard]] std::uint64_t needed_bytes() const { return weight_bytes + cache_bytes; }
  [[nodiscard]] bool fits() const { return needed_bytes() <= memory_bytes; }
};

/// As the deployer would decide. `model`: a GGUF file or a Hugging Face folder; `memory`: of another machine than this.
[[nodiscard]] Result<ServingFit> fit_serving(const std::filesystem::path& model, std::int64_t context_length,
                                             int parallelism, std::optional<std::uint64_t> memory = std::nullopt);

/// kResourceExhausted where weights and caches take more than is free of the machine's memory; errors as fit_serving.
[[nodiscard]] Status check_free_memory(const std::filesystem::path& model, std::int64_t context_length, int parallelism,
                                       const io::MachineLimits& machine);

/// What `flywheel-trainer plan` said of a training.
struct TrainingFit {
  std::uint64_t weight_bytes = 0;
  std::uint64_t adapter_bytes = 0;
  std::uint64_t pass_bytes = 0;
  std::uint64_t peak_bytes = 0;
  bool recomputes = false;
  std::int64_t pass_tokens = 0;
};
/// Of the line that it prints; its own error where it says that nothing fits.
[[nodiscard]] Result<TrainingFit> parse_training_plan(const std::string& line);

}  // namespace fw::modelops
