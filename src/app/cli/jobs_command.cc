#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/deliveries.h"
#include "app/cli/erased_rows.h"
#include "app/cli/help.h"
#include "app/cli/run_view.h"
#include "app/cli/shown_member.h"
#include "app/cli/terminal.h"
#include "app/cli/watch.h"
#include "net/url.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kActions = "Commands";

struct ListOptions {
  std::uint64_t limit = 50;
  bool json = false;
};

int list_jobs(const ListOptions& options, bool has_limit, const std::string& server) {
  ApiClient client(server);
  // JSON is for programs: they get everything unless they say otherwise.
  const std::uint64_t limit = options.json && !has_limit ? 0 : options.limit;
  const auto answer = client.get(limit == 0 ? "/api/jobs" : "/api/jobs?limit=" + std::to_string(limit));
  if (!answer.ok()) return fail(answer.error());
  if (options.json) {
    std::cout << answer->dump(2) << '\n';
    return 0;
  }
  Terminal out(1);
  std::vector<std::vector<std::string>> rows{{"job", "workload", "client", "status", "started", "error"}};
  const Json jobs = answer->value("jobs", Json::array());
  for (const auto& job : jobs) {
    const auto error = shown_or_dash(job, "error");
    const std::string status =
        shown_or_dash(job, "status") + (job.value("datasets_only", false) ? " (datasets only)" : "");
    rows.push_back({shown_or_dash(job, "id"), shown_or_dash(job, "workload_id"), shown_or_dash(job, "client_id"),
                    status, shown_or_dash(job, "started_at").substr(0, 19), error == "-" ? "" : error});
  }
  if (rows.size() == 1) out.line("no jobs yet; start one with: flywheel run WORKLOAD --client-id CLIENT");
  if (rows.size() > 1) {
    for (const auto& line : align(rows, {})) out.line(line);
  }
  if (shown_or_dash(*answer, "next_cursor") != "-") {
    out.line("older jobs are not shown; flywheel jobs list --limit 0 lists all");
  }
  return 0;
}

void print_candidate(const Json& nim, Terminal& out) {
  out.line(out.styled(Style::kBold, shown_or_dash(nim, "model_name")) + "  " + shown_or_dash(nim, "status"));
  if (shown_or_dash(nim, "error") != "-") out.line("  " + out.styled(Style::kBad, shown_or_dash(nim, "error")));
  const Json evaluations = nim.value("evaluations", Json::array());
  for (const auto& e : evaluations) {
    std::string line = "  " + shown_or_dash(e, "eval_type");
    const Json scores = e.value("scores", Json::object());
    for (const auto& [name, mean] : scores.items()) {
      if (mean.is_number()) line += "  " + printable(name) + ' ' + std::to_string(mean.get<double>()).substr(0, 5);
    }
    line += "  (" + e.value("progress", Json(0)).dump() + " %)";
    if (shown_or_dash(e, "error") != "-") line += "  " + out.styled(Style::kBad, shown_or_dash(e, "error"));
    out.line(line);
  }
  const Json customizations = nim.value("customizations", Json::array());
  for (const auto& c : customizations) {
    out.line("  customization  step " + c.value("steps_completed", Json(0)).dump() + '/' +
             c.value("steps_total", Json(0)).dump() + "  loss " + c.value("loss", Json()).dump() +
             (shown_or_dash(c, "error") == "-" ? "" : "  " + out.styled(Style::kBad, shown_or_dash(c, "error"))));
  }
}

int show_job(const std::string& id, bool as_json, const std::string& server) {
  ApiClient client(server);
  const auto job = client.get("/api/jobs/" + net::percent_encode(id));
  if (!job.ok()) return fail(job.error());
  if (as_json) {
    std::cout << job->dump(2) << '\n';
    return 0;
  }
  Terminal out(1);
  out.line("job " + shown_or_dash(*job, "id") + ", workload " + shown_or_dash(*job, "workload_id") + ", client " +
           shown_or_dash(*job, "client_id") + ": " + out.styled(Style::kBold, shown_or_dash(*job, "status")) +
           (job->value("datasets_only", false) ? " (datasets only)" : ""));
  if (shown_or_dash(*job, "error") != "-") out.line(out.styled(Style::kBad, shown_or_dash(*job, "error")));
  const Json warnings = job->value("warnings", Json::array());
  for (const auto& warning : warnings)
    if (warning.is_string()) out.line(out.styled(Style::kBad, "warning: ") + printable(warning.get<std::string>()));
  if (const auto erased = erased_rows_of(client, id); !erased.empty()) out.line(out.styled(Style::kBad, erased));
  const Json datasets = job->value("datasets", Json::array());
  for (const auto& d : datasets) {
    out.line("  " + shown_or_dash(d, "name") + "  " + d.value("num_records", Json(0)).dump() + " rows");
  }
  const Json nims = job->value("nims", Json::array());
  for (const auto& nim : nims) print_candidate(nim, out);
  const auto deliveries = client.get("/api/jobs/" + net::percent_encode(id) + "/deliveries");
  if (deliveries.ok()) print_undelivered(*deliveries, out);
  return 0;
}

int show_deliveries(const std::string& id, bool as_json, const std::string& server) {
  ApiClient client(server);
  const auto answer = client.get("/api/jobs/" + net::percent_encode(id) + "/deliveries");
  if (!answer.ok()) return fail(answer.error());
  if (as_json) {
    std::cout << answer->dump(2) << '\n';
  } else {
    Terminal out(1);
    print_deliveries(*answer, out);
  }
  return 0;
}

void print_log(const Json& engine, const std::string& model, Terminal& out) {
  const bool is_running = engine.value("is_running", false);
  out.line(out.styled(Style::kBold, model + ", " + shown_or_dash(engine, "stage")) + (is_running ? ", running" : ""));
  const Json lines = engine.value("lines", Json::array());
  for (const auto& line : lines)
    if (line.is_string()) out.line("  " + printable(line.get<std::string>()));
}

/// What the engines of a candidate wrote, and why it failed, if it did.
void print_logs(const Json& nim, const Json& engines, Terminal& out) {
  const std::string model = shown_or_dash(nim, "model_name");
  for (const auto& engine : engines) print_log(engine, model, out);
  if (engines.empty()) out.line(out.styled(Style::kBold, model) + "  no engine of it has written anything here");
  if (shown_or_dash(nim, "error") != "-") out.line("  " + out.styled(Style::kBad, shown_or_dash(nim, "error")));
}

int show_logs(const std::string& id, bool as_json, const std::string& server) {
  ApiClient client(server);
  const std::string path = "/api/jobs/" + net::percent_encode(id);
  const auto job = client.get(path);
  if (!job.ok()) return fail(job.error());
  Terminal out(1);
  Json all = Json::array();
  const Json nims = job->value("nims", Json::array());
  for (std::size_t i = 0; i < nims.size(); ++i) {
    const auto logs = client.get(path + "/engine_log?candidate=" + std::to_string(i));
    if (!logs.ok()) return fail(logs.error());
    const Json engines = logs->value("engines", Json::array());
    for (const auto& engine : engines) all.push_back(engine);
    if (!as_json) print_logs(nims[i], engines, out);
  }
  if (as_json) std::cout << Json{{"engines", std::move(all)}}.dump(2) << '\n';
  return 0;
}

int print_message(Result<Json> answer, bool as_json) {
  if (!answer.ok()) return fail(std::move(answer).error());
  if (as_json) {
    std::cout << answer->dump(2) << '\n';
  } else {
    Terminal(1).line(shown_or_dash(*answer, "message"));
  }
  return 0;
}

struct JobOptions {
  std::string id;
  bool json = false;
};

CLI::App* add_job_action(CLI::App& jobs, CommandContext& context, const char* name, const char* help,
                         std::function<int(const JobOptions&)> action) {
  auto* command = jobs.add_subcommand(name, help)->group(kActions);
  auto options = std::make_shared<JobOptions>();
  command->add_option("job", options->id, "Job id: 24 hex digits")->required()->type_name("JOB");
  command->add_flag("--json", options->json, "Print JSON");
  add_server_option(*command, context);
  command->callback([&context, options, action = std::move(action)] {
    context.action = [options, action] { return action(*options); };
  });
  return command;
}

/// `flywheel jobs` and `flywheel jobs list` are the same.
void add_list(CLI::App& jobs, CommandContext& context) {
  auto options = std::make_shared<ListOptions>();
  auto* list = jobs.add_subcommand("list", "List jobs, newest first; so does: flywheel jobs")->group(kActions);
  for (auto* command : {&jobs, list}) {
    command->add_flag("--json", options->json, "Print JSON");
    auto* limit = command->add_option("--limit", options->limit, "Jobs that are shown, up to 1000; 0: all")
                      ->capture_default_str()
                      ->check(CLI::Range(0, 1000));
    add_server_option(*command, context);
    command->callback([&context, &jobs, command, options, limit] {
      if (command == &jobs && !jobs.get_subcommands().empty()) return;
      context.action = [&context, options, has_limit = limit->count() > 0] {
        return list_jobs(*options, has_limit, context.server_url);
      };
    });
  }
}

void add_watch(CLI::App& jobs, CommandContext& context) {
  auto seconds = std::make_shared<std::optional<double>>();
  auto* watch =
      add_job_action(jobs, context, "watch", "Follow a job until it ends; exit code 1 unless it completes",
                     [&context, seconds](const JobOptions& o) {
                       return watch_job(o.id, {.json = o.json, .give_up_after = *seconds}, context.server_url).code;
                     });
  watch
      ->add_option("--give-up-after", *seconds,
                   "Seconds without an answer of the service; without it a restart may take its time")
      ->type_name("SECONDS")
      ->check(CLI::NonNegativeNumber);
}

}  // namespace

void add_jobs_command(CLI::App& app, CommandContext& context) {
  auto* jobs = app.add_subcommand("jobs", "List, show, watch, cancel or delete runs")->group(kEverydayGroup);
  jobs->require_subcommand(0, 1);
  add_examples(*jobs,
               "flywheel jobs\nflywheel jobs watch 67436743674367436743abcd\n"
               "flywheel jobs deliveries 67436743674367436743abcd");
  add_list(*jobs, context);
  add_job_action(*jobs, context, "show", "Show a job with its models, scores and webhooks that have not arrived",
                 [&](const JobOptions& o) { return show_job(o.id, o.json, context.server_url); });
  add_watch(*jobs, context);
  add_job_action(*jobs, context, "deliveries", "Show what webhooks were told of a job, with every attempt",
                 [&](const JobOptions& o) { return show_deliveries(o.id, o.json, context.server_url); });
  add_job_action(*jobs, context, "log", "Show what the engines that served a job's models wrote last",
                 [&](const JobOptions& o) { return show_logs(o.id, o.json, context.server_url); });
  add_job_action(*jobs, context, "cancel", "Cancel an unfinished job", [&](const JobOptions& o) {
    ApiClient client(context.server_url);
    return print_message(client.post("/api/jobs/" + net::percent_encode(o.id) + "/cancel", Json::object()), o.json);
  });
  add_job_action(*jobs, context, "delete", "Delete a finished job and everything it made", [&](const JobOptions& o) {
    ApiClient client(context.server_url);
    return print_message(client.remove("/api/jobs/" + net::percent_encode(o.id)), o.json);
  });
}

}  // namespace fw::app
