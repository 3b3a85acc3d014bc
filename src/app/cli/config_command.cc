#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/command.h"
#include "app/cli/help.h"
#include "app/cli/terminal.h"
#include "app/config/config.h"
#include "runs/run_config_json.h"

namespace fw::app {
namespace {

nlohmann::ordered_json server_json(const ServerSettings& server) {
  return {{"listen", server.listen},
          {"port", server.port},
          {"max_body_bytes", server.max_body_bytes},
          {"max_connections", server.max_connections},
          {"public_url", server.public_url},
          {"tls_certificate", server.tls_certificate},
          {"tls_key", server.tls_key}};
}

nlohmann::ordered_json engines_json(const EngineSettings& engines) {
  return {{"llama_server", engines.llama_server.string()},
          {"llama_quantize", engines.llama_quantize.string()},
          {"trainer", engines.trainer.string()},
          {"threads", engines.threads},
          {"ready_timeout_seconds", engines.ready_timeout_seconds},
          {"serving_type", engines.serving_type}};
}

int check_config(const std::string& file, bool as_json) {
  const auto config = load_config(file, process_environment());
  if (as_json) {
    nlohmann::ordered_json out{{"valid", config.ok()}};
    if (config.ok()) {
      out["warnings"] = config->warnings;
      out["run"] = runs::to_public_json(config->run);
      out["server"] = server_json(config->server);
      out["engines"] = engines_json(config->engines);
    } else {
      out["error"] = config.error().message;
    }
    std::cout << out.dump(2) << '\n';
    return config.ok() ? 0 : 1;
  }
  Terminal out(1);
  Terminal err(2);
  if (!config.ok()) {
    err.line(config.error().message);
    return 1;
  }
  for (const auto& warning : config->warnings) err.line(err.styled(Style::kDim, "warning: ") + warning);
  out.line(file + ": good, " + std::to_string(config->run.candidates.size()) + " candidates, " +
           std::to_string(config->warnings.size()) + " warnings");
  return 0;
}

}  // namespace

void add_config_command(CLI::App& app, CommandContext& context) {
  auto* config = app.add_subcommand("config", "Work with configuration files")->group(kSetupGroup);
  config->require_subcommand(1);
  auto* check =
      config->add_subcommand("check", "Check a file: mistakes with file, line and key; exit code 1 if there are any");
  auto file = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  check->add_option("file", *file, "The configuration file")->required()->type_name("FILE");
  check->add_flag("--json", *as_json, "Print JSON");
  check->callback(
      [&context, file, as_json] { context.action = [file, as_json] { return check_config(*file, *as_json); }; });
}

}  // namespace fw::app
