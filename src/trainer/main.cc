// flywheel-trainer: LoRA fine-tuning of models of the Llama family, a program of its own. Progress and results are JSON
// lines on standard output; exit code 0 done, 1 failed, 2 wrong usage.

#include <CLI/CLI.hpp>
#include <exception>
#include <map>
#include <new>

#include "trainer/commands/commands.h"

namespace {

using namespace fw::trainer;  // NOLINT: this file is the program

void add_model_options(CLI::App& command, ModelArguments& model) {
  command.add_option("--model", model.model, "GGUF file, or Hugging Face folder")->required();
  command.add_option("--keep-layers", model.keep_layers, "decoder layers that are kept, as 0,1,2; default: all")
      ->delimiter(',');
  command.add_option("--tokenizer", model.tokenizer, "GGUF file of the same model, when --model is a folder");
  command.add_option("--chat-template-file", model.chat_template, "Jinja chat template; default: the model's own");
  command.add_flag("--enable-thinking", model.enable_thinking, "let a model that can think before its answers");
  command.add_option("--max-seq-length", model.max_seq_length, "longer rows are left out and counted")
      ->check(CLI::Range(2, 1 << 24));
  command.add_option("--threads", model.threads, "default: one per processor")->check(CLI::Range(1, 1024));
  static const std::map<std::string, Precision> kPrecisions{{"fp32", Precision::kFp32}, {"bf16", Precision::kBf16}};
  command.add_option("--precision", model.precision, "of matrix products: fp32 or bf16; default: the faster one here")
      ->transform(CLI::CheckedTransformer(kPrecisions));
  static const std::map<std::string, DeviceChoice> kDevices{
      {"auto", DeviceChoice::kAuto}, {"cpu", DeviceChoice::kCpu}, {"cuda", DeviceChoice::kCuda}};
  command.add_option("--device", model.device, "that trains: cpu, cuda, or auto; default: a GPU where one can be used")
      ->transform(CLI::CheckedTransformer(kDevices));
}

void add_training_options(CLI::App& command, TrainingOptions& o) {
  static const std::map<std::string, Decay> kDecays{
      {"constant", Decay::kConstant}, {"linear", Decay::kLinear}, {"cosine", Decay::kCosine}};
  command.add_option("--checkpoint", o.checkpoint_folder,
                     "folder for checkpoints; one of the same job there is taken up");
  command.add_option("--checkpoint-seconds", o.checkpoint_seconds, "least time between checkpoints")
      ->capture_default_str();
  command.add_option("--epochs", o.epochs)->check(CLI::Range(1, 100000))->capture_default_str();
  command.add_option("--batch-size", o.batch_size, "rows")->check(CLI::Range(1, 65536))->capture_default_str();
  command.add_option("--gradient-accumulation", o.gradient_accumulation, "batches a step")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  command.add_option("--learning-rate", o.learning_rate)->check(CLI::PositiveNumber)->capture_default_str();
  command.add_option("--schedule", o.decay, "constant, linear or cosine")->transform(CLI::CheckedTransformer(kDecays));
  command.add_option("--warmup-ratio", o.warmup_ratio, "of all steps")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command.add_option("--final-lr-ratio", o.final_lr_ratio, "of the learning rate, at the last step")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command.add_option("--clip-norm", o.clip_norm, "0: no clipping")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--weight-decay", o.weight_decay)->check(CLI::NonNegativeNumber)->capture_default_str();
  command.add_option("--rank", o.rank, "of the adapter")->check(CLI::Range(1, 4096))->capture_default_str();
  command.add_flag("--rank-stabilised", o.rank_stabilised, "scale by alpha over the rank's root (rsLoRA)");
  command.add_option("--patience", o.patience, "epochs without a better validation loss that end training; 0: none do")
      ->check(CLI::Range(0, 100000));
  static const std::map<std::string, BestBy> kBest{{"loss", BestBy::kLoss}, {"exact", BestBy::kExact}};
  command.add_option("--best-by", o.best_by, "of the validation rows, which chooses the adapter: loss or exact")
      ->transform(CLI::CheckedTransformer(kBest));
  command.add_option("--dropout", o.dropout, "on the adapter's inputs")
      ->check(CLI::Range(0.0, 0.99))
      ->capture_default_str();
  command.add_option("--upper-layers", o.upper_layers, "adapt the last n layers only; default: all")
      ->check(CLI::Range(1, 4096));
  command
      .add_option("--memory-share", o.memory_share,
                  "of the free memory that passes are planned with; less after a kill")
      ->check(CLI::Range(0.001, 1.0))
      ->capture_default_str();
  command.add_option("--recompute", o.recompute, "layers in backward instead of keeping them; default: if memory asks");
  command.add_option("--seed", o.seed)->capture_default_str();
  command
      .add_option("--frozen-memory-limit", o.frozen_memory_limit,
                  "bytes of hidden states kept in memory, above on disk")
      ->capture_default_str();
}

int report(const fw::Status& status, EventWriter& events) {
  if (status.ok()) return 0;
  events.write_error(status.error());
  return 1;
}

template <class Run>
int guarded(int parent, Run run) {
  EventWriter events;
  ProcessGuard guard(events, parent);
  try {
    return report(run(events, guard), events);
  } catch (const std::bad_alloc&) {
    return report(fw::resource_exhausted("memory ran out; a smaller batch or shorter rows need less"), events);
  } catch (const std::exception& e) {
    return report(fw::internal(e.what()), events);
  }
}

int run(int argc, char** argv) {
  CLI::App app("LoRA fine-tuning of decoders on the processor or a GPU", "flywheel-trainer");
  app.require_subcommand(1);
  int parent = 0;
  app.add_option("--parent-pid", parent, "exit when this process, the parent, is gone")->check(CLI::NonNegativeNumber);
  app.fallthrough();

  TrainArguments train;
  double alpha = 0;
  auto* train_command = app.add_subcommand("train", "train an adapter on chat rows");
  add_model_options(*train_command, train.model);
  train_command->add_option("--train", train.rows, "JSONL of {\"messages\", \"tools\"}")->required();
  train_command->add_option("--validation", train.validation, "JSONL of the same form");
  train_command->add_option("--out", train.out, "folder for the adapter: adapter.gguf and peft/")->required();
  train_command->add_option("--alpha", alpha, "default: twice the rank")->check(CLI::PositiveNumber);
  train_command->add_option("--merge-into", train.merge_into, "also write a GGUF model with the adapter merged in");
  train_command->add_option("--merge-type", train.merge_type, "of its matrices: f32, f16, bf16 or q8_0")
      ->capture_default_str();
  train_command->add_option("--initial-adapter", train.initial_adapter,
                            "PEFT folder to start from; its rank, alpha and layers are kept");
  train_command->add_flag("--keep-order", train.options.keep_order, "do not shuffle the rows");
  add_training_options(*train_command, train.options);

  MergeArguments merge;
  auto* merge_command = app.add_subcommand("merge", "write a GGUF model with an adapter merged in");
  merge_command->add_option("--model", merge.model, "GGUF file")->required();
  merge_command->add_option("--adapter", merge.adapter, "adapter in GGUF form")->required();
  merge_command->add_option("--out", merge.out)->required();
  merge_command->add_option("--keep-layers", merge.keep_layers, "as in training")->delimiter(',');
  merge_command->add_option("--type", merge.type, "of its matrices: f32, f16, bf16 or q8_0")->capture_default_str();

  ScoreArguments score;
  auto* score_command = app.add_subcommand("score", "share of rows whose answer is predicted token for token");
  add_model_options(*score_command, score.model);
  score_command->add_option("--rows", score.rows, "JSONL of {\"messages\", \"tools\"}")->required();
  score_command->add_option("--adapter", score.adapter, "PEFT folder");

  TokensArguments tokens;
  auto* tokens_command = app.add_subcommand("tokens", "print the token ids that rows are trained on");
  add_model_options(*tokens_command, tokens.model);
  tokens_command->add_option("--rows", tokens.rows, "JSONL of {\"messages\", \"tools\"}")->required();

  ConvertArguments convert;
  auto* convert_command = app.add_subcommand("convert", "make a GGUF file of a Hugging Face folder");
  convert_command->add_option("--model", convert.model, "Hugging Face folder")->required();
  convert_command->add_option("--out", convert.out, "file to write");
  convert_command->add_option("--cache", convert.cache, "instead: folder that keeps it; looked into first");

  PlanArguments plan;
  auto* plan_command = app.add_subcommand("plan", "print what memory a training with rows of --max-seq-length needs");
  add_model_options(*plan_command, plan.model);
  add_training_options(*plan_command, plan.options);

  plan_command->add_option("--memory", plan.memory, "bytes to plan with; default: what is free here");

  auto* processor_command = app.add_subcommand("processor", "print threads and precision that training takes here");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  train.options.alpha = alpha > 0 ? alpha : 2 * static_cast<double>(train.options.rank);
  return guarded(parent, [&](EventWriter& events, const ProcessGuard& guard) {
    if (*train_command) return run_train(train, events, guard);
    if (*merge_command) return run_merge(merge, events);
    if (*processor_command) return run_processor(events);
    if (*convert_command) return run_convert(convert, events, guard);
    if (*plan_command) return run_plan(plan, events);
    if (*tokens_command) return run_tokens(tokens, events);
    return run_score(score, events, guard);
  });
}

}  // namespace

int main(int argc, char** argv) {
  ensure_passive_waiting(argv);
  return run(argc, argv);
}
