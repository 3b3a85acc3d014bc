#include "app/cli/command.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

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
  if (context.server_url.empty()) {
    // Read here, not through the option's environment name: that is applied for every command of the program, also for
    // those that were not called, and would overwrite what --server of the called one set.
    const char* url = std::getenv("FLYWHEEL_URL");
    context.server_url = url != nullptr && *url != '\0' ? url : "http://127.0.0.1:8000";
  }
  command.add_option("--server", context.server_url, "URL of the service; default: $FLYWHEEL_URL, or this machine's")
      ->capture_default_str();
}

}  // namespace fw::app
