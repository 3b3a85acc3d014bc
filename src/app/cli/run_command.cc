#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/local_run.h"
#include "app/cli/report_text.h"
#include "app/cli/terminal.h"
#include "app/cli/watch.h"
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

int run_remote(const RunOptions& options, const std::string& server) {
  if (options.workload.empty() || options.client.empty()) {
    std::cerr << "flywheel: name the workload and --client (flywheel workloads lists them), or give --from FILE\n";
    return 2;
  }
  ApiClient client(server);
  const auto job = client.post("/api/jobs", {{"workload_id", options.workload}, {"client_id", options.client}});
  if (!job.ok()) return fail(job.error());
  const std::string id = job->value("id", "");
  if (!options.watch) {
    std::cout << (options.json ? job->dump(2) : id) << '\n';
    return 0;
  }
  const int code = watch_job(id, options.json, server);
  if (options.json) return code;
  const auto report = client.get("/api/jobs/" + net::percent_encode(id) + "/report");
  if (!report.ok()) return fail(report.error());
  Terminal out(1);
  print_report(*report, out);
  return code;
}

int run(RunOptions options, const std::string& server) {
  if (options.local.file.empty()) return run_remote(options, server);
  if (options.local.workload.empty()) options.local.workload = options.workload;
  options.local.client = options.client;
  options.local.json = options.json;
  return run_local(options.local);
}

}  // namespace

void add_run_command(CLI::App& app, CommandContext& context) {
  auto* command =
      app.add_subcommand("run", "Start a run over a workload's traffic; or, with --from, do all of it in this process");
  auto options = std::make_shared<RunOptions>();
  command->add_option("workload", options->workload, "The workload");
  command->add_option("--client,--client-id", options->client, "Whose traffic");
  command->add_flag("--watch", options->watch, "Follow the run and print its report; exit code 1 unless it completes");
  command->add_flag("--json", options->json, "Print JSON: the job, or with --watch its events");
  auto* from = command->add_option("--from", options->local.file,
                                   "Load this file or folder, run and report in this process, without a service");
  command->add_flag("--partial", options->local.partial, "Run --from also on files that could not be read whole")
      ->needs(from);
  command->add_option("--config", options->local.config, "Configuration file of a run with --from")->needs(from);
  command->add_option("--data", options->local.data, "Data folder of a run with --from; default: a new folder here")
      ->needs(from);
  command->add_option("--workload-id", options->local.workload, "The workload of --from, where the file has several")
      ->needs(from);
  command->add_option("--html", options->local.html, "Also write the HTML report of a run with --from here")
      ->needs(from);
  add_server_option(*command, context);
  command->callback(
      [&context, options] { context.action = [&context, options] { return run(*options, context.server_url); }; });
}

}  // namespace fw::app
