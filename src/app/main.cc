#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>
#include <iostream>

#include "app/cli/command.h"
#include "app/cli/safe_text.h"
#include "app/version.h"

namespace {

int run_command(int argc, char** argv) {
  CLI::App app{"Flywheel turns the traffic of an LLM application into a smaller model that does the same work."};
  app.name("flywheel");
  app.set_version_flag("--version", std::string("flywheel ") + fw::app::kVersion);
  app.require_subcommand(1);
  app.footer("Exit codes: 0 done, 1 failed, 2 wrong usage. flywheel COMMAND --help tells more.");
  fw::app::CommandContext context;
  fw::app::add_serve_command(app, context);
  fw::app::add_load_command(app, context);
  fw::app::add_workloads_command(app, context);
  fw::app::add_run_command(app, context);
  fw::app::add_jobs_command(app, context);
  fw::app::add_report_command(app, context);
  fw::app::add_config_command(app, context);
  fw::app::add_sample_command(app, context);
  fw::app::add_models_command(app, context);
  fw::app::add_completion_command(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  return context.action ? context.action() : 2;
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that goes away shows as a failed write, not as a signal.
  std::signal(SIGPIPE, SIG_IGN);
  const fw::app::SafeStream out(std::cout);
  const fw::app::SafeStream err(std::cerr);
  try {
    return run_command(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "flywheel: " << e.what() << '\n';
    return 1;
  }
}
