#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/help.h"
#include "app/cli/local_run.h"
#include "app/cli/report_page_file.h"
#include "app/cli/report_text.h"
#include "app/cli/run_traffic.h"
#include "app/cli/terminal.h"
#include "app/cli/watch.h"
#include "io/output_file.h"
#include "net/url.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

struct RunOptions {
  std::string workload;
  std::string client;
  bool watch = false;
  bool json = false;
  LocalRunOptions local;
};

/// Found out before hours of work, not after.
Status check_html(const RunOptions& options) {
  if (options.local.html.empty()) return {};
  if (!options.watch) {
    return invalid_argument(
        "--html needs --watch: the report is there when the run has ended "
        "(later: flywheel report JOB --html FILE)");
  }
  return io::check_output_file(options.local.html);
}

int watch_and_report(const RunOptions& options, const std::string& id, ApiClient& client) {
  const auto watched = watch_job(id, {.json = options.json, .is_known = true}, client.base_url());
  const auto report = client.get("/api/jobs/" + net::percent_encode(id) + "/report");
  if (!report.ok()) return watched.code == 0 || !watched.has_told_errors ? fail(report.error()) : watched.code;
  if (!options.json) {
    Terminal out(1);
    print_report(*report, out, watched.has_told_errors ? Errors::kToldAlready : Errors::kPrint);
  }
  if (options.local.html.empty()) return watched.code;
  const auto written = write_report_page(report->dump(), options.local.html);
  if (!written.ok()) return fail(written.error());
  Terminal(options.json ? 2 : 1).line(*written);
  return watched.code;
}

int run_remote(RunOptions options, const std::string& server) {
  if (const auto status = check_html(options); !status.ok()) return fail(status.error());
  ApiClient client(server);
  if (const auto status = settle_traffic(options.workload, options.client, client); !status.ok())
    return fail(status.error());
  const auto job = client.post("/api/jobs", {{"workload_id", options.workload}, {"client_id", options.client}});
  if (!job.ok()) return fail(job.error());
  const std::string id = job->value("id", "");
  if (options.watch) return watch_and_report(options, id, client);
  std::cout << (options.json ? job->dump(2) : id) << '\n';
  return 0;
}

int run(RunOptions options, const std::string& server) {
  if (options.local.file.empty()) return run_remote(std::move(options), server);
  if (options.local.workload.empty()) options.local.workload = options.workload;
  options.local.client = options.client;
  options.local.json = options.json;
  return run_local(options.local);
}

}  // namespace

void add_run_command(CLI::App& app, CommandContext& context) {
  auto* command =
      app.add_subcommand("run", "Start a run over a workload's traffic; or, with --from, do all of it in this process")
          ->group(kEverydayGroup);
  add_examples(*command,
               "flywheel run router --client-id my-app --watch\n"
               "flywheel run --from traffic.jsonl --config flywheel.yaml --html report.html");
  auto options = std::make_shared<RunOptions>();
  command->add_option("workload", options->workload, "The workload; may be left out where there is only one");
  add_client_option(*command, options->client, "Whose traffic; may be left out where there is only one");
  command->add_flag("--watch", options->watch, "Follow the run and print its report; exit code 1 unless it completes");
  command->add_flag("--json", options->json, "Print JSON: the job, or with --watch its events");
  command->add_option("--html", options->local.html, "Also write the HTML report here (with --watch or --from)")
      ->type_name("FILE");
  auto* from = command
                   ->add_option("--from", options->local.file,
                                "Load this file or folder, run and report in this process, without a service")
                   ->type_name("FILE");
  command->add_flag("--partial", options->local.partial, "Run --from also on files that could not be read whole")
      ->needs(from);
  command->add_option("--config", options->local.config, "Configuration file of a run with --from")
      ->needs(from)
      ->type_name("FILE");
  command->add_option("--data", options->local.data, "Data folder of a run with --from [default: a new folder here]")
      ->needs(from)
      ->type_name("FOLDER");
  command->add_option("--workload-id", options->local.workload, "The workload of --from, where the file has several")
      ->needs(from)
      ->type_name("WORKLOAD");
  add_server_option(*command, context);
  command->callback(
      [&context, options] { context.action = [&context, options] { return run(*options, context.server_url); }; });
}

}  // namespace fw::app
