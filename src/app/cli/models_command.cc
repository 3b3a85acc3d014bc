#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/command.h"
#include "app/cli/help.h"
#include "modelfile/summary.h"

namespace fw::app {

void add_models_command(CLI::App& app, CommandContext& context) {
  auto* models = app.add_subcommand("models", "Look at model files")->group(kSetupGroup);
  models->require_subcommand(1);
  add_examples(*models, "flywheel models inspect model.gguf\nflywheel models fit model.gguf --help");
  add_models_fit_command(*models, context);
  auto* inspect = models->add_subcommand("inspect", "What a model file holds: architecture, sizes, types, template");
  auto path = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  inspect->add_option("path", *path, "A GGUF file, or a Hugging Face folder")->required()->type_name("PATH");
  inspect->add_flag("--json", *as_json, "Print JSON");
  inspect->callback([&context, path, as_json] {
    context.action = [path, as_json] {
      const auto summary = modelfile::inspect(*path);
      if (!summary.ok()) return fail(summary.error());
      std::cout << (*as_json ? modelfile::to_json(*summary).dump(2) + "\n" : modelfile::to_text(*summary));
      return 0;
    };
  });
}

}  // namespace fw::app
