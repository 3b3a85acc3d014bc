#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/report_text.h"
#include "io/file.h"
#include "net/url.h"
#include "pages/report_page.h"

namespace fw::app {
namespace {

struct ReportOptions {
  std::string id;
  std::string html;
  bool json = false;
};

int show_report(const ReportOptions& options, const std::string& server) {
  ApiClient client(server);
  const auto report = client.get("/api/jobs/" + net::percent_encode(options.id) + "/report");
  if (!report.ok()) return fail(report.error());
  if (options.json) {
    std::cout << report->dump(2) << '\n';
  } else {
    Terminal out(1);
    print_report(*report, out);
  }
  if (options.html.empty()) return 0;
  const auto path = std::filesystem::absolute(options.html);
  if (const auto status = io::write_file_atomically(path, pages::report_page(report->dump())); !status.ok()) {
    return fail(status.error());
  }
  (options.json ? std::cerr : std::cout) << path.string() << '\n';
  return 0;
}

}  // namespace

void add_report_command(CLI::App& app, CommandContext& context) {
  auto* command = app.add_subcommand("report", "Show the report of a job, or write it as one HTML file");
  auto options = std::make_shared<ReportOptions>();
  command->add_option("job", options->id, "Job id: 24 hex digits")->required();
  command->add_option("--html", options->html, "Write the self-contained HTML report to this file");
  command->add_flag("--json", options->json, "Print the report's JSON");
  add_server_option(*command, context);
  command->callback([&context, options] {
    context.action = [&context, options] { return show_report(*options, context.server_url); };
  });
}

}  // namespace fw::app
