#include "app/cli/command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "app/cli/help.h"
#include "app/cli/terminal.h"
#include "app/version.h"

namespace fw::app {

int fail(const Error& error) {
  std::cerr << "flywheel: " << error.message << '\n';
  return 1;
}

int misuse(const Error& error) {
  (void)fail(error);
  return 2;
}

void add_server_option(CLI::App& command, CommandContext& context) {
  command
      .add_option("--server", context.server_url,
                  "URL of the service [default: $FLYWHEEL_URL, else http://127.0.0.1:8000]")
      ->type_name("URL");
}

void add_client_option(CLI::App& command, std::string& client, const std::string& description) {
  command.add_option("--client-id", client, description)->type_name("CLIENT");
  command.add_option("--client", client)->group(kHidden);
}

void settle_server_url(CommandContext& context) {
  if (context.server_url.empty()) {
    const char* url = std::getenv("FLYWHEEL_URL");
    context.server_url = url != nullptr && *url != '\0' ? url : "http://127.0.0.1:8000";
  }
  // `127.0.0.1:8000`, as people write it.
  if (context.server_url.find("://") == std::string::npos) context.server_url.insert(0, "http://");
}

void add_version_command(CLI::App& app, CommandContext& context) {
  auto* command = app.add_subcommand("version", "Print the version")->group(kSetupGroup);
  command->callback([&context] {
    context.action = [] {
      Terminal(1).line(std::string("flywheel ") + kVersion);
      return 0;
    };
  });
}

std::string person_or_login(const std::string& said) {
  if (!said.empty()) return said;
  for (const char* name : {"FLYWHEEL_PERSON", "USER"}) {
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  }
  return "uid " + std::to_string(getuid());
}

}  // namespace fw::app
