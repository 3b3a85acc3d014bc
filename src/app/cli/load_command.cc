#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/terminal.h"
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

void print_outcome(const std::string& file, const Json& report, Terminal& out) {
  const auto number = [&](const char* key) { return report.value(key, std::uint64_t{0}); };
  std::string line = printable(file) + ": " + std::to_string(number("lines")) + " lines, " +
                     std::to_string(number("appended")) + " new records";
  if (number("duplicates") > 0) line += ", " + std::to_string(number("duplicates")) + " known already";
  out.line(line);
  if (number("bad") == 0) return;
  out.line(out.styled(Style::kBad, "  " + std::to_string(number("bad")) + " bad lines were kept aside:"));
  const Json reasons = report.value("reasons", Json::object());
  for (const auto& [reason, count] : reasons.items()) {
    out.line("    " + count.dump() + " x " + printable(reason));
  }
}

int load(const LoadOptions& options, const std::string& server) {
  ApiClient client(server);
  Terminal out(1);
  Terminal live(2);
  Json all = Json::array();
  for (const auto& file : options.files) {
    std::error_code no_size;
    const auto size = std::filesystem::file_size(file, no_size);
    auto report = client.upload(records_path(options, file), file, [&](std::uint64_t sent) {
      const double fraction = no_size || size == 0 ? 0 : static_cast<double>(sent) / static_cast<double>(size);
      live.live("  " + printable(file) + ' ' + live.bar(fraction, 24) + ' ' + std::to_string(sent >> 20U) + " MiB");
    });
    live.end_live();
    if (!report.ok()) return fail(std::move(report).error());
    if (!options.json) print_outcome(file, *report, out);
    (*report)["file"] = file;
    all.push_back(std::move(*report));
  }
  if (options.json) std::cout << Json{{"files", std::move(all)}}.dump(2) << '\n';
  return 0;
}

}  // namespace

void add_load_command(CLI::App& app, CommandContext& context) {
  auto* command = app.add_subcommand("load", "Load traffic from JSONL files (plain or gzip) into the log store");
  auto options = std::make_shared<LoadOptions>();
  command
      ->add_option("files", options->files,
                   "Files of log documents or of {\"messages\", \"tools\"?} lines; - is standard input")
      ->required();
  command->add_option("--workload-id", options->workload, "Workload of all lines, instead of their own");
  command->add_option("--client-id", options->client, "Client of all lines, instead of their own");
  command->add_flag("--json", options->json, "Print the outcome as JSON");
  add_server_option(*command, context);
  command->callback(
      [&context, options] { context.action = [&context, options] { return load(*options, context.server_url); }; });
}

}  // namespace fw::app
