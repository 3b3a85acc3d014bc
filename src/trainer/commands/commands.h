#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "trainer/chat/chat_tokenizer.h"
#include "trainer/commands/events.h"
#include "trainer/commands/process.h"
#include "trainer/device/device.h"
#include "trainer/loop/training.h"
#include "trainer/lora/adapter_files.h"

namespace fw::trainer {

/// kAuto: a GPU where this program was built with CUDA, there is one, and it can train the model.
enum class DeviceChoice : std::uint8_t { kAuto, kCpu, kCuda };

/// What names a model for training or scoring.
struct ModelArguments {
  std::filesystem::path model;
  std::vector<int> keep_layers;
  std::filesystem::path tokenizer;      ///< a GGUF file; needed when `model` is a Hugging Face folder
  std::filesystem::path chat_template;  ///< empty: the model's own
  bool enable_thinking = false;
  std::int64_t max_seq_length = 4096;
  int threads = 0;                     ///< 0: one per processor
  std::optional<Precision> precision;  ///< nullopt: the fastest here
  DeviceChoice device = DeviceChoice::kAuto;
};

struct TrainArguments {
  ModelArguments model;
  std::filesystem::path rows, validation, out, merge_into, initial_adapter;
  std::string merge_type = "bf16";
  TrainingOptions options;
};
[[nodiscard]] Status run_train(const TrainArguments& arguments, EventWriter& events, const ProcessGuard& guard);

struct MergeArguments {
  std::filesystem::path model, adapter, out;
  std::vector<int> keep_layers;
  std::string type = "bf16";
};
[[nodiscard]] Status run_merge(const MergeArguments& arguments, EventWriter& events);

struct ScoreArguments {
  ModelArguments model;
  std::filesystem::path rows, adapter;
};
[[nodiscard]] Status run_score(const ScoreArguments& arguments, EventWriter& events, const ProcessGuard& guard);

struct TokensArguments {
  ModelArguments model;
  std::filesystem::path rows;
};
/// Prints what rows are trained on: their token ids, and where the answer begins.
[[nodiscard]] Status run_tokens(const TokensArguments& arguments, EventWriter& events);

struct ConvertArguments {
  std::filesystem::path model;
  std::filesystem::path out;    ///< the file to write
  std::filesystem::path cache;  ///< instead: a folder in which it is looked for first, and kept
};
/// Makes a GGUF file of a Hugging Face folder.
[[nodiscard]] Status run_convert(const ConvertArguments& arguments, EventWriter& events, const ProcessGuard& guard);

struct PlanArguments {
  ModelArguments model;
  TrainingOptions options;
  std::optional<std::uint64_t> memory;  ///< bytes, of another machine than this
};
/// Prints what memory a training with rows of max_seq_length would need, out of the model's header alone, or that it
/// would not fit here.
[[nodiscard]] Status run_plan(const PlanArguments& arguments, EventWriter& events);

/// Prints what this processor trains with when nothing else is asked for.
[[nodiscard]] Status run_processor(EventWriter& events);

// Shared by the commands.

/// One per processor that this process may use.
[[nodiscard]] int default_threads();
struct OpenedDevice {
  std::unique_ptr<Device> device;  ///< null: the processor
  std::string why_processor;       ///< why it is no GPU where this program was built for one; else empty
};
/// An error says why there is no GPU when one is demanded.
[[nodiscard]] Result<OpenedDevice> open_device(const ModelArguments& arguments);
/// Why a GPU cannot train the model with these arguments, whether there is one or not.
[[nodiscard]] Status check_for_device(const ModelArguments& arguments, const ModelConfig& config);
[[nodiscard]] Result<ModelWeights> open_model(const ModelArguments& arguments);
[[nodiscard]] Result<ChatTokenizer> open_tokenizer(const ModelArguments& arguments);
[[nodiscard]] Result<MergedType> parse_merged_type(const std::string& name);
/// Refuses rows with token ids that the model does not have.
[[nodiscard]] Status check_tokens(const std::vector<TrainingRow>& rows, const ModelConfig& config);

}  // namespace fw::trainer
