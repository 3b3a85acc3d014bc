#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/help.h"
#include "app/cli/load_outcome.h"
#include "app/cli/terminal.h"
#include "app/cli/waiting_line.h"
#include "capture/files/folder.h"
#include "capture/files/traffic_files.h"
#include "net/url.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

struct LoadOptions {
  std::vector<std::string> files;
  std::string workload;
  std::string client;
  bool json = false;
};

std::string records_path(const LoadOptions& options, const std::string& file) {
  std::string path = "/api/records?source=" + net::percent_encode(file == "-" ? "standard input" : file);
  if (!options.workload.empty()) path += "&workload_id=" + net::percent_encode(options.workload);
  if (!options.client.empty()) path += "&client_id=" + net::percent_encode(options.client);
  return path;
}

LoadOutcome outcome_of(const Json& report) {
  const auto number = [&](const char* key) { return report.value(key, std::uint64_t{0}); };
  LoadOutcome outcome{.lines = number("lines"),
                      .appended = number("appended"),
                      .duplicates = number("duplicates"),
                      .elsewhere = number("elsewhere"),
                      .bad = number("bad")};
  for (const auto& [key, counts] : {std::pair("reasons", &outcome.reasons), std::pair("skips", &outcome.skips),
                                    std::pair("repairs", &outcome.repairs)}) {
    const Json written = report.value(key, Json::object());
    for (const auto& [what, count] : written.items()) {
      if (count.is_number_unsigned()) (*counts)[what] = count.get<std::uint64_t>();
    }
  }
  if (const auto error = report.find("error"); error != report.end() && error->is_string()) {
    outcome.error = error->get<std::string>();
  }
  return outcome;
}

/// The files that the arguments name; those that name none are said, and the others still loaded. What a folder holds
/// beside its traffic is said too.
std::vector<std::string> files_of_all(const std::vector<std::string>& paths, int& code) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    auto found = capture::files_of(path);
    if (found.ok()) {
      std::ranges::move(found->files, std::back_inserter(files));
      print_documentation(found->documentation);
    } else {
      code = fail(found.error());
    }
  }
  return files;
}

Result<Json> load_source(ApiClient& client, const LoadOptions& options, const capture::TrafficSource& source,
                         Terminal& live) {
  const std::string name = source.name();
  FW_ASSIGN(const auto bytes, capture::TrafficSourceReader::open(source, Deadline::never()));
  const double size = static_cast<double>(bytes->size().value_or(0));
  auto report = client.upload(records_path(options, name), *bytes, [&] {
    const std::uint64_t sent = bytes->position();
    const double fraction = size == 0 ? 0 : static_cast<double>(sent) / size;
    live.live("  " + printable(name) + ' ' + live.bar(fraction, 24) + ' ' + std::to_string(sent >> 20U) + " MiB");
  });
  live.end_live();
  return report;
}

/// Whether what stopped one file would stop the next one too.
bool ends_load(ErrorCode code) {
  return code == ErrorCode::kUnavailable || code == ErrorCode::kStorageFull || code == ErrorCode::kUnauthorized;
}

int load(const LoadOptions& options, const std::string& server) {
  ApiClient client(server);
  Terminal out(1);
  Terminal live(2);
  Json all = Json::array();
  std::string waiting;  // as the last file left it
  int code = 0;
  for (const auto& source : capture::sources_of(files_of_all(options.files, code))) {
    const std::string file = source.name();
    auto report = load_source(client, options, source, live);
    if (!report.ok()) {
      code = fail(report.error());
      if (ends_load(report.error().code)) break;
      all.push_back({{"file", file}, {"error", report.error().message}});
      continue;
    }
    const LoadOutcome outcome = outcome_of(*report);
    if (!options.json) print_outcome(file, outcome, out);
    if (const auto why = why_failed(file, outcome)) code = fail(*why);
    waiting = waiting_line(*report);
    (*report)["file"] = file;
    all.push_back(std::move(*report));
  }
  if (!options.json && !waiting.empty()) out.line(waiting);
  if (options.json)
    std::cout << Json{{"files", std::move(all)}}.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  return code;
}

void add_options(CLI::App& command, CommandContext& context) {
  auto options = std::make_shared<LoadOptions>();
  command
      .add_option("files", options->files,
                  "Files or folders: JSON lines or arrays, plain or packed, in any form of docs/traffic.md; - is "
                  "standard input")
      ->required();
  command.add_option("--workload-id", options->workload, "Workload of all records, instead of their own");
  command.add_option("--client-id", options->client, "Client of all records, instead of their own");
  command.add_flag("--json", options->json, "Print the outcome as JSON");
  add_server_option(command, context);
  command.callback(
      [&context, options] { context.action = [&context, options] { return load(*options, context.server_url); }; });
}

}  // namespace

void add_load_command(CLI::App& app, CommandContext& context) {
  auto* command = app.add_subcommand("load", "Load traffic from files into the log store, whatever wrote them");
  add_examples(*command,
               "flywheel load traffic.jsonl\n"
               "flywheel load exports/ --workload-id router --client-id my-app   every file of a folder\n"
               "zcat old.jsonl.gz | flywheel load -");
  add_options(*command, context);
}

void add_log_import_command(CLI::App& log, CommandContext& context) {
  auto* command = log.add_subcommand("import", "The same as flywheel load: what flywheel log export wrote, and others");
  add_examples(*command, "flywheel log import router.jsonl.gz");
  add_options(*command, context);
}

}  // namespace fw::app
