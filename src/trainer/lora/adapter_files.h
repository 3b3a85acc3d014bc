#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "base/result.h"
#include "trainer/lora/adapter.h"

namespace fw::trainer {

/// The adapter as llama.cpp's `--lora` takes it: general.type adapter, adapter.type lora, tensors
/// `blk.N.attn_q.weight.lora_a|lora_b`; rows of b in the order of the GGUF model's rows.
[[nodiscard]] Status write_gguf_adapter(const Adapter& adapter, const ModelConfig& config,
                                        const std::filesystem::path& file);

/// The adapter in PEFT's format: adapter_config.json and adapter_model.safetensors in `folder`, which is created.
[[nodiscard]] Status write_peft_adapter(const Adapter& adapter, const ModelConfig& config,
                                        const std::string& base_model, double dropout,
                                        const std::filesystem::path& folder);
/// Reads that format. kUnimplemented for what would change the model beyond low-rank pairs of its seven linear layers
/// (DoRA, patterns, biases, modules_to_save), kDataLoss for tensors that are no such pair.
/// A caller that trains and keeps whole matrices itself may leave `modules_to_save` to it.
enum class SavedModules : std::uint8_t { kRefused, kLeftToCaller };
[[nodiscard]] Result<Adapter> read_peft_adapter(const ModelConfig& config, const std::filesystem::path& folder,
                                                SavedModules saved_modules = SavedModules::kRefused);

struct AdapterPaths {
  std::filesystem::path gguf;
  std::filesystem::path peft;
};
/// Both forms below `folder` (adapter.gguf, peft/): written beside, synced, then renamed; what stood there is replaced.
[[nodiscard]] Result<AdapterPaths> write_adapter(const Adapter& adapter, const ModelConfig& config,
                                                 const std::string& base_model, double dropout,
                                                 const std::filesystem::path& folder);

enum class MergedType { kF32, kF16, kBF16, kQ8_0 };
/// Writes a GGUF model with a GGUF adapter merged in: every matrix in `type` (F16 where Q8_0 does not divide its rows),
/// rounded once, after the sum; all else as it is. `keep_layers` as in load_weights; the adapter counts the layers that
/// are kept. Whole or not at all.
[[nodiscard]] Status write_merged_model(const std::filesystem::path& model, const std::filesystem::path& gguf_adapter,
                                        std::span<const int> keep_layers, MergedType type,
                                        const std::filesystem::path& out);

}  // namespace fw::trainer
