#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/command.h"
#include "app/cli/help.h"
#include "app/cli/terminal.h"
#include "app/config/config.h"
#include "capture/files/folder.h"
#include "capture/redaction/survey.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::vector<std::string> files;
  std::string config;
  bool is_dry_run = false;
  bool json = false;
};

/// Every built-in kind, for who has no rules yet.
capture::RedactionSettings every_kind() {
  capture::RedactionSettings out;
  for (const char* kind : {"api_key", "jwt", "email", "iban", "card", "ip", "phone"})
    out.rules.push_back({.kind = kind});
  return out;
}

Result<capture::Redactor> redactor_of(const Options& options) {
  if (options.config.empty()) return capture::Redactor::create(every_kind(), "");
  FW_ASSIGN(const Config config, load_config(options.config, process_environment()));
  if (config.redact.rules.empty()) return failed_precondition(options.config + " has no rules in its section redact");
  return capture::Redactor::create(config.redact, process_environment()(config.redact.key_env));
}

Json counts_json(const capture::RedactionCounts& counts) {
  Json out = Json::object();
  for (const auto& [rule, count] : counts) out[rule] = count;
  return out;
}

void print(const capture::RedactionSurvey& survey, bool as_json) {
  if (as_json) {
    Json workloads = Json::object();
    for (const auto& [workload, counts] : survey.by_workload) workloads[workload] = counts_json(counts);
    const Json out{{"records", survey.records},
                   {"touched", survey.touched},
                   {"bad", survey.bad},
                   {"counts", counts_json(survey.counts)},
                   {"workloads", std::move(workloads)}};
    std::cout << out.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
    return;
  }
  std::cout << survey.records << " records, " << survey.touched << " with something to replace, " << survey.bad
            << " documents that are no record\n";
  for (const auto& [workload, counts] : survey.by_workload) {
    std::cout << printable(workload) << ":";
    for (const auto& [rule, count] : counts) std::cout << "  " << printable(rule) << " " << count;
    std::cout << '\n';
  }
}

int survey(const Options& options) {
  if (!options.is_dry_run) {
    return misuse(invalid_argument(
        "redact changes no files: rules are applied to whatever comes in; --dry-run says what they would replace"));
  }
  const auto redactor = redactor_of(options);
  if (!redactor.ok()) return fail(redactor.error());
  capture::RedactionSurvey survey;
  int code = 0;
  for (const auto& path : options.files) {
    const auto named = capture::files_of(path);
    if (!named.ok()) {
      code = fail(named.error());
      continue;
    }
    for (const auto& file : named->files) {
      const auto status = capture::survey_redaction(file, *redactor, SystemClock{}.now(), Deadline::never(), survey);
      if (!status.ok()) code = fail(status.error());
    }
  }
  print(survey, options.json);
  return code;
}

}  // namespace

void add_redact_command(CLI::App& app, CommandContext& context) {
  auto* command = app.add_subcommand("redact", "Say what the rules of redaction would replace in files of traffic")
                      ->group(kSetupGroup);
  add_examples(*command,
               "flywheel redact --dry-run traffic.jsonl                         every built-in kind\n"
               "flywheel redact --dry-run traffic.jsonl --config flywheel.yaml  the rules of its section redact");
  auto options = std::make_shared<Options>();
  command->add_option("files", options->files, "Files or folders of traffic, as of flywheel load")->required();
  command->add_flag("--dry-run", options->is_dry_run, "Read, count, and change nothing");
  command->add_option("--config", options->config, "Configuration file with a section redact (docs/redaction.md)")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "Print the counts as JSON");
  command->callback([&context, options] { context.action = [options] { return survey(*options); }; });
}

}  // namespace fw::app
