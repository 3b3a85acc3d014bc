#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "base/result.h"

namespace CLI {
class App;
}

namespace fw::app {

/// What every command can use.
struct CommandContext {
  std::string server_url;  ///< --server, else FLYWHEEL_URL, else http://127.0.0.1:8000
  /// What the chosen command does; its result is the exit code (0 done, 1 failed, 2 wrong usage).
  std::function<int()> action;
};

/// Prints `flywheel: message` on standard error; 1, the exit code of what failed.
int fail(const Error& error);
/// The same for a command line that cannot be meant: 2.
int misuse(const Error& error);
/// Exit code of `flywheel gate` where there is nothing to judge by, its own command line included: 2 is a verdict.
inline constexpr int kNoVerdict = 3;

// Each adds its subcommands to `app` and, when one is chosen, sets the context's action. `context` outlives parsing.
void add_serve_command(CLI::App& app, CommandContext& context);
void add_load_command(CLI::App& app, CommandContext& context);
void add_log_command(CLI::App& app, CommandContext& context);
/// What finds, shows and rates single interactions; below `flywheel log`.
void add_log_find_commands(CLI::App& log, CommandContext& context);
void add_log_erase_commands(CLI::App& log, CommandContext& context);
void add_log_export_command(CLI::App& log, CommandContext& context);
/// `flywheel load` under the name that belongs to the export.
void add_log_import_command(CLI::App& log, CommandContext& context);
void add_log_restore_command(CLI::App& log, CommandContext& context);
void add_log_verify_command(CLI::App& log, CommandContext& context);
void add_workloads_command(CLI::App& app, CommandContext& context);
/// What looks for workloads in traffic that nothing names; below `flywheel workloads`.
void add_discover_commands(CLI::App& workloads, CommandContext& context);
void add_run_command(CLI::App& app, CommandContext& context);
void add_jobs_command(CLI::App& app, CommandContext& context);
void add_report_command(CLI::App& app, CommandContext& context);
void add_review_command(CLI::App& app, CommandContext& context);
/// A review's queue and its cards; below `flywheel review`.
void add_review_show_command(CLI::App& reviews, CommandContext& context);
void add_gate_command(CLI::App& app, CommandContext& context);
void add_dataset_command(CLI::App& app, CommandContext& context);
void add_dataset_build_command(CLI::App& dataset, CommandContext& context);
void add_dataset_show_command(CLI::App& dataset, CommandContext& context);
void add_dataset_diff_command(CLI::App& dataset, CommandContext& context);
void add_dataset_export_command(CLI::App& dataset, CommandContext& context);
void add_promote_command(CLI::App& app, CommandContext& context);
void add_audit_command(CLI::App& app, CommandContext& context);
void add_keys_command(CLI::App& app, CommandContext& context);
void add_export_command(CLI::App& app, CommandContext& context);
void add_quarantine_command(CLI::App& app, CommandContext& context);
void add_config_command(CLI::App& app, CommandContext& context);
void add_redact_command(CLI::App& app, CommandContext& context);
void add_sample_command(CLI::App& app, CommandContext& context);
void add_models_command(CLI::App& app, CommandContext& context);
void add_models_fit_command(CLI::App& models, CommandContext& context);
void add_completion_command(CLI::App& app, CommandContext& context);
void add_version_command(CLI::App& app, CommandContext& context);

/// Adds `--server URL` to a command that talks to a service.
void add_server_option(CLI::App& command, CommandContext& context);
/// Adds `--client-id`, and its older spelling `--client`, which help and completion do not show.
void add_client_option(CLI::App& command, std::string& client, const std::string& description);
/// Who acts: what --person said, else FLYWHEEL_PERSON, else the name this terminal is logged in by.
[[nodiscard]] std::string person_or_login(const std::string& said);
/// Settles where the service is once the command line has been read: an explicit option beats the environment.
void settle_server_url(CommandContext& context);

}  // namespace fw::app
