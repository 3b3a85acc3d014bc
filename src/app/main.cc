#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>
#include <iostream>
#include <system_error>
#include <vector>

#include "app/cli/command.h"
#include "app/cli/help.h"
#include "app/cli/safe_text.h"
#include "app/cli/terminal.h"
#include "app/version.h"

namespace {

constexpr const char* kExamples =
    "flywheel serve --config flywheel.yaml           start the service\n"
    "flywheel load traffic.jsonl                     load an application's logged traffic\n"
    "flywheel run router --client-id my-app --watch  find a smaller model for a workload\n"
    "flywheel run --from traffic.jsonl --config flywheel.yaml\n"
    "                                                all of that in one process\n"
    "\n"
    "flywheel COMMAND --help tells more. Exit codes: 0 done, 1 failed, 2 wrong usage.";

void add_commands(CLI::App& app, fw::app::CommandContext& context) {
  fw::app::add_serve_command(app, context);
  fw::app::add_load_command(app, context);
  fw::app::add_workloads_command(app, context);
  fw::app::add_log_command(app, context);
  fw::app::add_run_command(app, context);
  fw::app::add_jobs_command(app, context);
  fw::app::add_report_command(app, context);
  fw::app::add_review_command(app, context);
  fw::app::add_gate_command(app, context);
  fw::app::add_dataset_command(app, context);
  fw::app::add_promote_command(app, context);
  fw::app::add_audit_command(app, context);
  fw::app::add_export_command(app, context);
  fw::app::add_quarantine_command(app, context);
  fw::app::add_keys_command(app, context);
  fw::app::add_config_command(app, context);
  fw::app::add_models_command(app, context);
  fw::app::add_redact_command(app, context);
  fw::app::add_sample_command(app, context);
  fw::app::add_completion_command(app, context);
  fw::app::add_version_command(app, context);
  app.get_subcommand("load")->group(fw::app::kEverydayGroup);
}

/// `flywheel help jobs` asks for what `flywheel jobs --help` tells.
std::vector<const char*> words_of(int argc, char** argv) {
  std::vector<const char*> words(argv, argv + argc);
  if (words.size() > 1 && std::string_view(words[1]) == "help") {
    words.erase(words.begin() + 1);
    words.push_back("--help");
  }
  return words;
}

/// Whether what was printed has arrived. A reader that went away (`flywheel jobs --json | head -1`) had what it wanted.
bool has_printed() {
  std::cout.flush();
  if (fw::app::has_lost_output()) return false;
  pollfd output{STDOUT_FILENO, POLLOUT, 0};
  return std::cout.good() || (::poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0);
}

/// The exit code of a command that came to `code`.
int ended(int code) {
  if (has_printed()) return code;
  return fw::app::fail(fw::resource_exhausted("the answer could not be written; is the disk full?"));
}

int run_command(int argc, char** argv) {
  CLI::App app{"Flywheel turns the traffic of an LLM application into a smaller model that does the same work."};
  app.name("flywheel");
  app.set_version_flag("-V,--version", std::string("flywheel ") + fw::app::kVersion, "Print the version");
  app.require_subcommand(1);
  fw::app::use_plain_help(app);
  fw::app::add_examples(app, kExamples);
  fw::app::CommandContext context;
  app.add_option("--server", context.server_url)->group(fw::app::kHidden);  // for those who put it first
  add_commands(app, context);
  const auto words = words_of(argc, argv);
  if (words.size() == 1) {
    std::cerr << app.help();
    return 2;
  }
  try {
    app.parse(static_cast<int>(words.size()), words.data());
  } catch (const CLI::ParseError& e) {
    const int count = static_cast<int>(words.size());
    const auto refuse = [&app](const std::string& message) {
      const int code = fw::app::misuse(fw::invalid_argument(message));
      return app.get_subcommand("gate")->parsed() ? fw::app::kNoVerdict : code;
    };
    if (e.get_exit_code() != 0) return refuse(fw::app::explain_usage(app, count, words.data(), e.what()));
    if (const auto stray = fw::app::explain_stray_command(app, count, words.data())) return refuse(*stray);
    return ended(app.exit(e));  // help, or the version
  }
  fw::app::settle_server_url(context);
  const int code = context.action ? context.action() : 2;
  return ended(code);
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that goes away shows as a failed write, not as a signal.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // likewise a limit on the size of files (ulimit -f)
  const fw::app::SafeStream out(std::cout);
  const fw::app::SafeStream err(std::cerr);
  try {
    return run_command(argc, argv);
  } catch (const std::system_error& e) {
    const bool lacks_threads = e.code() == std::errc::resource_unavailable_try_again;
    std::cerr << "flywheel: " << e.what()
              << (lacks_threads
                      ? ": no thread can be started; raise the limits on processes (ulimit -u, pids.max of the "
                        "container) and on memory (ulimit -v)"
                      : "")
              << '\n';
    return 1;
  } catch (const std::exception& e) {
    std::cerr << "flywheel: " << e.what() << '\n';
    return 1;
  }
}
