#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/help.h"
#include "app/cli/run_traffic.h"
#include "app/cli/terminal.h"
#include "app/cli/watch.h"
#include "net/url.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

struct BuildOptions {
  std::string workload;
  std::string client;
  bool watch = false;
  bool json = false;
};

int print_datasets(const std::string& id, ApiClient& client) {
  const auto job = client.get("/api/jobs/" + net::percent_encode(id));
  if (!job.ok()) return fail(job.error());
  Terminal out(1);
  const Json datasets = job->value("datasets", Json::array());
  for (const auto& one : datasets) {
    out.line("  " + printable(one.value("name", "")) + "  " + one.value("num_records", Json(0)).dump() + " rows");
  }
  out.line("flywheel dataset show " + id + " tells how they came to be; export writes them for other trainers");
  return 0;
}

int build(BuildOptions options, const std::string& server) {
  ApiClient client(server);
  if (const auto settled = settle_traffic(options.workload, options.client, client); !settled.ok()) {
    return fail(settled.error());
  }
  const auto job = client.post(
      "/api/jobs", {{"workload_id", options.workload}, {"client_id", options.client}, {"datasets_only", true}});
  if (!job.ok()) return fail(job.error());
  const std::string id = job->value("id", "");
  if (!options.watch) {
    std::cout << (options.json ? job->dump(2) : id) << '\n';
    return 0;
  }
  const auto watched = watch_job(id, {.json = options.json, .is_known = true}, client.base_url());
  if (watched.code != 0 || options.json) return watched.code;
  return print_datasets(id, client);
}

}  // namespace

void add_dataset_build_command(CLI::App& dataset, CommandContext& context) {
  auto* command = dataset.add_subcommand(
      "build", "Make the datasets that a run would make, without asking or training a candidate");
  add_examples(*command,
               "flywheel dataset build router --client-id my-app --watch\n"
               "flywheel dataset export JOB --format openai --to train.jsonl   what it made, for another trainer");
  auto options = std::make_shared<BuildOptions>();
  command->add_option("workload", options->workload, "The workload; may be left out where there is only one");
  add_client_option(*command, options->client, "Whose traffic; may be left out where there is only one");
  command->add_flag("--watch", options->watch, "Wait for its end; exit code 1 unless it completes");
  command->add_flag("--json", options->json, "Print JSON: the job, or with --watch its events");
  add_server_option(*command, context);
  command->callback(
      [&context, options] { context.action = [&context, options] { return build(*options, context.server_url); }; });
}

}  // namespace fw::app
