#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/help.h"
#include "app/cli/report_page_file.h"
#include "app/cli/report_text.h"
#include "io/output_file.h"
#include "net/url.h"

namespace fw::app {
namespace {

struct ReportOptions {
  std::string id;
  std::string html;
  bool json = false;
};

int show_report(const ReportOptions& options, const std::string& server) {
  if (!options.html.empty()) {
    if (const auto status = io::check_output_file(options.html); !status.ok()) return fail(status.error());
  }
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
  const auto written = write_report_page(report->dump(), options.html);
  if (!written.ok()) return fail(written.error());
  Terminal(options.json ? 2 : 1).line(*written);
  return 0;
}

}  // namespace

void add_report_command(CLI::App& app, CommandContext& context) {
  auto* command =
      app.add_subcommand("report", "Show the report of a job, or write it as one HTML file")->group(kResultsGroup);
  add_examples(*command, "flywheel report 67436743674367436743abcd --html report.html");
  auto options = std::make_shared<ReportOptions>();
  command->add_option("job", options->id, "Job id: 24 hex digits")->required()->type_name("JOB");
  command->add_option("--html", options->html, "Write the self-contained HTML report to this file")->type_name("FILE");
  command->add_flag("--json", options->json, "Print the report's JSON");
  add_server_option(*command, context);
  command->callback([&context, options] {
    context.action = [&context, options] { return show_report(*options, context.server_url); };
  });
}

}  // namespace fw::app
