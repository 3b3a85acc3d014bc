#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "app/cli/command.h"
#include "app/config/config.h"
#include "app/engine_programs.h"
#include "async/run_blocking.h"
#include "io/process.h"
#include "modelops/local/model_fit.h"

namespace fw::app {
namespace {

constexpr double kGib = 1 << 30;

struct FitOptions {
  std::string model;
  std::int64_t context = 8192;
  int parallelism = 8;
  std::int64_t max_seq_length = 4096;
  int batch_size = 16;
  int adapter_dim = 32;
  std::optional<int> upper_layers;
  std::optional<double> memory_gib;

  [[nodiscard]] std::optional<std::uint64_t> memory() const {
    return memory_gib ? std::optional(static_cast<std::uint64_t>(*memory_gib * kGib)) : std::nullopt;
  }
};

std::string gib(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GiB", static_cast<double>(bytes) / kGib);
  return text;
}

Task<Result<std::string>> ask_trainer(std::filesystem::path trainer, std::vector<std::string> arguments) {
  io::ProcessLauncher launcher;
  FW_CO_ASSIGN(
      const auto process,
      launcher.start({.program = std::move(trainer), .arguments = std::move(arguments), .stream_output = true}));
  FW_CO_ASSIGN(const auto line, co_await process->next_line(Deadline::never()));
  FW_CO_ASSIGN(const auto status, co_await process->wait(Deadline::never()));
  if (line) co_return *line;
  co_return failed_precondition(io::describe_end("flywheel-trainer plan", status, process->last_lines()));
}

Result<modelops::TrainingFit> fit_training(const FitOptions& o) {
  const auto trainer = engine_programs({}).trainer;
  if (trainer.empty())
    return unavailable("flywheel-trainer is not installed (run scripts/build), so nothing is known of training");
  std::vector<std::string> arguments{"plan",
                                     "--model",
                                     o.model,
                                     "--max-seq-length",
                                     std::to_string(o.max_seq_length),
                                     "--batch-size",
                                     std::to_string(o.batch_size),
                                     "--rank",
                                     std::to_string(o.adapter_dim)};
  if (o.upper_layers) arguments.insert(arguments.end(), {"--upper-layers", std::to_string(*o.upper_layers)});
  if (const auto memory = o.memory()) arguments.insert(arguments.end(), {"--memory", std::to_string(*memory)});
  FW_ASSIGN(const auto line, run_blocking(ask_trainer(trainer, std::move(arguments))));
  return modelops::parse_training_plan(line);
}

int print_fit(const FitOptions& o) {
  const auto serving = modelops::fit_serving(o.model, o.context, o.parallelism, o.memory());
  if (!serving.ok()) return fail(serving.error());
  std::cout << "serving   " << (serving->fits() ? "fits" : "does not fit") << ": " << gib(serving->needed_bytes())
            << " of " << gib(serving->memory_bytes) << " (weights in " << serving->type << " "
            << gib(serving->weight_bytes) << ", attention cache " << gib(serving->cache_bytes) << ": " << serving->slots
            << " slots of " << serving->slot_context << " tokens)\n";
  const auto training = fit_training(o);
  if (!training.ok()) {
    std::cout << "training  does not fit: " << training.error().message << "\n";
    return 1;
  }
  std::cout << "training  fits: " << gib(training->peak_bytes) << " at most (weights " << gib(training->weight_bytes)
            << ", adapter " << gib(training->adapter_bytes) << ", a pass of " << training->pass_tokens << " tokens "
            << gib(training->pass_bytes) << (training->recomputes ? ", layers computed again in backward" : "")
            << ")\n";
  return serving->fits() ? 0 : 1;
}

}  // namespace

void add_models_fit_command(CLI::App& models, CommandContext& context) {
  auto* fit = models.add_subcommand("fit", "What memory serving and training a model would take, before a run");
  auto options = std::make_shared<FitOptions>();
  fit->add_option("path", options->model, "A GGUF file, or a Hugging Face folder")->required()->type_name("PATH");
  fit->add_option("--context", options->context, "Tokens of a request and its answer (context_length)")
      ->check(CLI::Range(16, 1 << 24))
      ->capture_default_str();
  fit->add_option("--parallelism", options->parallelism, "Requests at once")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  fit->add_option("--max-seq-length", options->max_seq_length, "Tokens of the longest training row")
      ->check(CLI::Range(16, 1 << 24))
      ->capture_default_str();
  fit->add_option("--batch-size", options->batch_size, "Training rows a step")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  fit->add_option("--adapter-dim", options->adapter_dim, "Rank of the adapter")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  fit->add_option("--upper-layers", options->upper_layers, "Train the last n layers only")->check(CLI::Range(1, 1024));
  fit->add_option("--memory", options->memory_gib, "GiB of another machine; default: what is here")
      ->check(CLI::Range(0.1, 1e6));
  fit->callback([&context, options] { context.action = [options] { return print_fit(*options); }; });
}

}  // namespace fw::app
