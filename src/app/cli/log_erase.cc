#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/help.h"
#include "app/cli/terminal.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

struct EraseOptions {
  std::vector<std::string> records;
  std::string workload;
  std::string client;
  std::string containing;
  std::string person;
  std::string reason;
  bool is_meant = false;
  bool json = false;
};

std::string counted(const Json& from, const char* key, const std::string& what) {
  const auto n = from.value(key, std::uint64_t{0});
  return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s");
}

/// What was made of the records, and how it goes too.
void print_job(const Json& job, Terminal& out) {
  std::string line = "  run " + printable(job.value("id", "")) + " (" + printable(job.value("workload_id", "")) +
                     "): " + counted(job, "training_rows", "training row") + ", " +
                     counted(job, "validation_rows", "validation row") + ", " +
                     counted(job, "evaluation_rows", "evaluation row");
  for (const Json& adapter : job.value("adapters", Json::array())) {
    line += "; trained " + printable(adapter.get<std::string>());
  }
  for (const Json& promotion : job.value("promotions", Json::array())) {
    line += "; promotion " + printable(promotion.value("id", "")) + " is " + printable(promotion.value("stage", ""));
  }
  if (!job.value("is_present", true)) line += "; deleted since";
  out.line(line);
}

void print_jobs(const Json& jobs, Terminal& out) {
  if (jobs.empty()) return out.line("no run has rows of them");
  out.line("rows of them are in the datasets, and models, of");
  for (const Json& job : jobs) print_job(job, out);
  out.line(
      "\"flywheel jobs delete JOB\" deletes a run's datasets and models; a new run makes them without these records");
}

/// What lies elsewhere of the same people; nothing where nothing does.
void print_traces(const Json& answer, bool is_done, Terminal& out) {
  const Json traces = answer.value("traces", Json::object());
  struct Kind {
    const char* key;
    const char* one;
    const char* several;
  };
  std::string line;
  for (const Kind& kind :
       {Kind{"review_rows", "row of a review", "rows of reviews"}, Kind{"ratings", "rating", "ratings"},
        Kind{"quarantined_lines", "line that was kept aside", "lines that were kept aside"}}) {
    const auto n = traces.value(kind.key, std::uint64_t{0});
    if (n > 0) line += (line.empty() ? "" : ", ") + std::to_string(n) + ' ' + (n == 1 ? kind.one : kind.several);
  }
  if (!line.empty()) out.line(line + (is_done ? " erased too" : " would go too"));
}

int erase(const EraseOptions& options, const std::string& server) {
  Json body{{"dry_run", !options.is_meant}};
  if (!options.records.empty()) body["records"] = options.records;
  if (!options.workload.empty()) body["workload_id"] = options.workload;
  if (!options.client.empty()) body["client_id"] = options.client;
  if (!options.containing.empty()) body["containing"] = options.containing;
  if (!options.reason.empty()) body["reason"] = options.reason;
  if (options.is_meant) body["person"] = person_or_login(options.person);
  ApiClient client(server);
  const auto answer = client.post("/api/log/erasures", body);
  if (!answer.ok()) return fail(answer.error());
  if (options.json) {
    std::cout << answer->dump(2) << '\n';
    return 0;
  }
  Terminal out(1);
  if (options.is_meant) {
    out.line(counted(*answer, "erased", "record") + " erased");
  } else {
    out.line(counted(*answer, "records", "record") + " would be erased; --yes does it, and cannot be undone");
  }
  if (const auto unread = answer->value("without_content", std::uint64_t{0}); unread > 0) {
    out.line(counted(*answer, "without_content", "record") +
             " could not be looked into: their content has expired; datasets made of them may hold the text");
  }
  print_traces(*answer, options.is_meant, out);
  print_jobs(answer->value("jobs", Json::array()), out);
  return 0;
}

int list(bool as_json, const std::string& server) {
  ApiClient client(server);
  const auto answer = client.get("/api/log/erasures");
  if (!answer.ok()) return fail(answer.error());
  if (as_json) {
    std::cout << answer->dump(2) << '\n';
    return 0;
  }
  Terminal out(1);
  const Json erasures = answer->value("erasures", Json::array());
  if (erasures.empty()) out.line("nothing was erased yet");
  for (const Json& one : erasures) {
    const std::string reason = one.value("reason", "");
    out.line(printable(one.value("at", "")) + "  " + counted(one, "records", "record") + "  " +
             printable(one.value("person", "")) + (reason.empty() ? "" : ": " + printable(reason)));
    for (const Json& job : one.value("jobs", Json::array())) print_job(job, out);
  }
  return 0;
}

}  // namespace

void add_log_erase_commands(CLI::App& log, CommandContext& context) {
  auto options = std::make_shared<EraseOptions>();
  auto* command = log.add_subcommand("erase", "Delete records for good, and say what was made of them");
  add_examples(*command,
               "flywheel log erase --containing ada@example.com          says what would go\n"
               "flywheel log erase --containing ada@example.com --yes --reason \"request of 27 November\"\n"
               "flywheel log erase --client-id shop --workload router --yes");
  command->add_option("--record", options->records, "Id of a record; may be given several times")->type_name("ID");
  command->add_option("--containing", options->containing, "A text that stands in the request or the answer")
      ->type_name("TEXT");
  add_client_option(*command, options->client, "Of one client alone");
  command->add_option("--workload", options->workload, "Of one workload alone")->type_name("WORKLOAD");
  command->add_flag("--yes", options->is_meant, "Do it; without it nothing is deleted");
  command->add_option("--reason", options->reason, "Why, for the audit log")->type_name("TEXT");
  command->add_option("--person", options->person, "Who does this; default: FLYWHEEL_PERSON, else the login name")
      ->type_name("NAME");
  command->add_flag("--json", options->json, "Print JSON");
  add_server_option(*command, context);
  command->callback(
      [&context, options] { context.action = [&context, options] { return erase(*options, context.server_url); }; });

  auto as_json = std::make_shared<bool>(false);
  auto* erasures = log.add_subcommand("erasures", "What was erased, and the runs that still hold rows of it");
  add_examples(*erasures, "flywheel log erasures\nflywheel log erasures --json");
  erasures->add_flag("--json", *as_json, "Print JSON");
  add_server_option(*erasures, context);
  erasures->callback(
      [&context, as_json] { context.action = [&context, as_json] { return list(*as_json, context.server_url); }; });
}

}  // namespace fw::app
