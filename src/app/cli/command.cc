#include "app/cli/command.h"

#include <CLI/CLI.hpp>
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
  if (context.server_url.empty()) context.server_url = "http://127.0.0.1:8000";
  command.add_option("--server", context.server_url, "URL of the service")
      ->envname("FLYWHEEL_URL")
      ->capture_default_str();
}

}  // namespace fw::app
