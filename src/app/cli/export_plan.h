#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "modelops/model.h"

namespace fw::app {

/// What there is to export of a trained candidate, out of its job and the job's report.
struct ExportPlan {
  std::string job;
  std::string workload;
  std::string candidate;            ///< the base model's name
  std::string name;                 ///< of the tuned model, fit for file names and command lines
  std::filesystem::path base;       ///< the GGUF file or folder that was trained on
  std::vector<int> keep_layers;     ///< of the base; empty: all
  std::int64_t context_length = 0;  ///< tokens that it was served with
  modelops::ChatSettings chat;      ///< how its conversations were rendered
  std::string type;               ///< GGUF type that was evaluated: f32, f16, bf16 or q8_0; bf16 where it is not known
  int rank = 0;                   ///< of the adapter; 0: not known
  std::filesystem::path adapter;  ///< GGUF
  std::filesystem::path peft;     ///< folder
};

/// The plan for one candidate; an empty name takes the only one that was trained. Errors say which there are.
[[nodiscard]] Result<ExportPlan> plan_export(const nlohmann::ordered_json& job, const nlohmann::ordered_json& report,
                                             const std::string& candidate);

/// The README.md of an exported folder: what lies in it, and how llama-server, Ollama and vLLM serve it.
/// `has_model`: a merged model lies there. `has_template`: so does a chat template of its own.
[[nodiscard]] std::string export_readme(const ExportPlan& plan, bool has_model, bool has_template);

/// Ollama's file for the merged model.
[[nodiscard]] std::string ollama_modelfile(const ExportPlan& plan);

}  // namespace fw::app
