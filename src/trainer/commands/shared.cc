#include <algorithm>

#include "io/machine.h"
#include "trainer/commands/commands.h"
#include "trainer/device/cuda/cuda_device.h"
#include "trainer/device/device_model.h"
#include "trainer/model/parallel.h"

namespace fw::trainer {

int default_threads() { return io::read_machine_limits().processors; }

Status check_for_device(const ModelArguments& arguments, const ModelConfig& config) {
  if (arguments.precision == Precision::kFp32)
    return invalid_argument("a GPU multiplies in bf16, and fp32 is asked for; leave one of both out");
  return check_on_device(config);
}

Result<OpenedDevice> open_device(const ModelArguments& arguments) {
  OpenedDevice out;
  if (arguments.device == DeviceChoice::kCpu) return out;
  FW_ASSIGN(const auto source, open_weights(arguments.model));
  auto status = check_for_device(arguments, source->config());
  if (status.ok()) {
    auto device = open_cuda_device();
    if (device.ok()) {
      out.device = std::move(device).value();
      return out;
    }
    status = device.error();
  }
  if (arguments.device == DeviceChoice::kCuda) return status.error();
  if (is_built_with_cuda()) out.why_processor = status.error().message;
  return out;
}

Result<ModelWeights> open_model(const ModelArguments& arguments) {
  set_threads(arguments.threads > 0 ? arguments.threads : default_threads());
  const auto precision = arguments.precision.value_or(fastest_precision());
  FW_ASSIGN(const auto source, open_weights(arguments.model));
  auto weights = load_weights(*source, arguments.keep_layers, precision);
  if (!weights.ok()) return weights.error().within(arguments.model.string());
  return weights;
}

Result<ChatTokenizer> open_tokenizer(const ModelArguments& arguments) {
  std::error_code error;
  auto file = arguments.tokenizer;
  if (file.empty() && std::filesystem::is_directory(arguments.model, error))
    return invalid_argument(
        "a Hugging Face folder is trained out of the GGUF file that `flywheel-trainer convert` makes of it; name that, "
        "or "
        "with --tokenizer one of the same model");
  if (file.empty()) file = arguments.model;
  return ChatTokenizer::open(file,
                             arguments.chat_template.empty() ? std::nullopt : std::optional(arguments.chat_template),
                             arguments.enable_thinking);
}

Result<MergedType> parse_merged_type(const std::string& name) {
  if (name == "f32") return MergedType::kF32;
  if (name == "f16") return MergedType::kF16;
  if (name == "bf16") return MergedType::kBF16;
  if (name == "q8_0") return MergedType::kQ8_0;
  return invalid_argument("type " + name + " is unknown; f32, f16, bf16 and q8_0 can be written");
}

Status check_tokens(const std::vector<TrainingRow>& rows, const ModelConfig& config) {
  for (const auto& row : rows)
    for (const auto token : row.tokens)
      if (token < 0 || token >= config.vocab)
        return failed_precondition("the tokenizer makes token " + std::to_string(token) + " but the model knows " +
                                   std::to_string(config.vocab) + "; is --tokenizer of another model?");
  return {};
}

}  // namespace fw::trainer
