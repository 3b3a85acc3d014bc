#include "modelops/local/model_fit.h"

#include <nlohmann/json.hpp>

#include "modelfile/folder_summary.h"
#include "modelops/local/impl/engine.h"
#include "modelops/local/impl/model_facts.h"
#include "modelops/local/impl/serving_type.h"

namespace fw::modelops {
namespace {

using Json = nlohmann::json;

// As in impl/model_cache.cc: beside the weights there are activations and the rest of the machine.
constexpr std::uint64_t kMemoryShare = 3;

// A folder is served out of the file that is made of it, which keeps its types.
Result<ModelFacts> facts_of_folder(const std::filesystem::path& folder) {
  FW_ASSIGN(const auto summary, modelfile::inspect_folder(folder));
  ModelFacts facts;
  facts.architecture = summary.architecture;
  facts.parameters = summary.parameters;
  facts.bytes = summary.file_bytes;
  facts.file_type = summary.types.contains("BF16") ? "BF16" : summary.types.contains("F16") ? "F16" : "F32";
  facts.context_length = static_cast<std::int64_t>(summary.context_length.value_or(0));
  const std::uint64_t heads = summary.heads.value_or(0);
  if (heads > 0)
    facts.cache_bytes_per_token = summary.layers.value_or(0) * summary.kv_heads.value_or(heads) *
                                  (summary.width.value_or(0) / heads) * 2 * sizeof(std::uint16_t);
  return facts;
}

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20U) + " MiB"; }

std::uint64_t number(const Json& json, const char* key) {
  const auto it = json.find(key);
  return it != json.end() && it->is_number_unsigned() ? it->get<std::uint64_t>() : 0;
}

}  // namespace

Result<ServingFit> fit_serving(const std::filesystem::path& model, std::int64_t context_length, int parallelism,
                               std::optional<std::uint64_t> memory) {
  std::error_code error;
  FW_ASSIGN(const auto facts,
            std::filesystem::is_directory(model, error) ? facts_of_folder(model) : read_model_facts(model));
  ServingFit fit;
  fit.memory_bytes = memory.value_or(io::read_machine_limits().memory_bytes);
  fit.type = serving_type(facts, this_processor(), fit.memory_bytes / kMemoryShare);
  fit.weight_bytes = fit.type == facts.file_type ? facts.bytes : bytes_in_type(facts.parameters, fit.type);
  const Slots slots = plan_slots(facts, context_length, parallelism, fit.memory_bytes / 4);
  fit.slots = slots.count;
  fit.slot_context = slots.context;
  fit.cache_bytes =
      facts.cache_bytes_per_token * static_cast<std::uint64_t>(slots.context) * static_cast<std::uint64_t>(slots.count);
  return fit;
}

Status check_free_memory(const std::filesystem::path& model, std::int64_t context_length, int parallelism,
                         const io::MachineLimits& machine) {
  FW_ASSIGN(const auto fit, fit_serving(model, context_length, parallelism, machine.memory_bytes));
  if (fit.needed_bytes() <= machine.available_bytes) return {};
  return resource_exhausted("serving it takes " + mebibytes(fit.needed_bytes()) + " of memory, and " +
                            mebibytes(machine.available_bytes) + " are free");
}

Result<TrainingFit> parse_training_plan(const std::string& line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return data_loss("flywheel-trainer plan says nothing that is known: " + line.substr(0, 200));
  if (json.value("event", Json()) == "error") return resource_exhausted(json.value("message", "it does not fit"));
  TrainingFit fit{.weight_bytes = number(json, "weight_bytes"),
                  .adapter_bytes = number(json, "adapter_bytes"),
                  .pass_bytes = number(json, "pass_bytes"),
                  .peak_bytes = number(json, "peak_bytes"),
                  .recomputes = json.value("recomputes", Json()) == true,
                  .pass_tokens = static_cast<std::int64_t>(number(json, "pass_tokens"))};
  if (fit.peak_bytes == 0) return data_loss("flywheel-trainer plan names no peak: " + line.substr(0, 200));
  return fit;
}

}  // namespace fw::modelops
