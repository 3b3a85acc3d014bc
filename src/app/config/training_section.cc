#include "app/config/sections.h"

namespace fw::app {
namespace {

constexpr std::string_view kOneMachine = "training runs in one process on this machine";

void read_precision(YamlSection& section, modelops::TrainingPrecision& precision) {
  static const std::vector<std::string> kNames{"bf16-mixed", "bf16",       "fp32", "32",  "32-true",
                                               "fp16",       "fp16-mixed", "fp8",  "int8"};
  std::size_t index = 0;
  section.read_choice("training_precision", index, kNames);
  const std::string& name = kNames[index];
  if (name.find("32") != std::string::npos) {
    precision = modelops::TrainingPrecision::kFp32;
  } else if (!name.starts_with("bf16")) {
    section.warning("training_precision", "is not done here; bf16-mixed is used where it is faster");
  }
}

}  // namespace

void read_customizer(YamlSection& candidate, modelops::TrainingSettings& training) {
  auto section = candidate.section("customizer_configs");
  if (!section) return;
  section->read("max_seq_length", training.max_seq_length, 16, 1 << 20);
  read_precision(*section, training.precision);
  for (const char* key : {"target", "gpus", "num_nodes", "tensor_parallel_size", "data_parallel_size",
                          "use_sequence_parallel", "micro_batch_size"}) {
    section->inapplicable(key, kOneMachine);
  }
  section->finish();
}

void read_training(YamlSection& parent, modelops::TrainingSettings& training) {
  if (auto section = parent.section("training_config")) {
    std::size_t only = 0;
    section->read_choice("training_type", only, {"sft"});
    section->read_choice("finetuning_type", only, {"lora"});
    section->read("epochs", training.epochs, 1, 1000);
    section->read("batch_size", training.batch_size, 1, 4096);
    section->read("learning_rate", training.learning_rate, 1e-9, 10);
    auto schedule = static_cast<std::size_t>(training.schedule);
    section->read_choice("schedule", schedule, {"constant", "linear", "cosine"});
    training.schedule = static_cast<modelops::Schedule>(schedule);
    section->read("warmup_ratio", training.warmup_ratio, 0, 1);
    section->read("final_lr_ratio", training.final_lr_ratio, 0, 1);
    section->read("clip_norm", training.clip_norm, 0, 1e6);
    section->read("weight_decay", training.weight_decay, 0, 10);
    section->read("gradient_accumulation", training.gradient_accumulation, 1, 4096);
    section->read("patience", training.patience, 0, 1000);
    auto best_by = static_cast<std::size_t>(training.best_by);
    section->read_choice("best_by", best_by, {"loss", "exact"});
    training.best_by = static_cast<modelops::BestBy>(best_by);
    auto device = static_cast<std::size_t>(training.device);
    section->read_choice("device", device, {"auto", "cpu", "cuda"});
    training.device = static_cast<modelops::TrainingDevice>(device);
    section->finish();
  }
  if (auto section = parent.section("lora_config")) {
    section->read("adapter_dim", training.adapter_dim, 1, 4096);
    section->read("adapter_dropout", training.adapter_dropout, 0, 0.99);
    section->read("alpha", training.alpha, 1e-6, 1e6);
    section->read("upper_layers", training.upper_layers, 1, 1024);
    section->read("use_rslora", training.rank_stabilised);
    if (section->has("modules_to_save"))
      section->error("modules_to_save",
                     "is not done here: an adapter holds low-rank pairs alone, which is what the engine can add to a "
                     "model; leave it out, or raise adapter_dim");
    section->finish();
  }
}

}  // namespace fw::app
