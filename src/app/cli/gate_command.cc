#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/help.h"
#include "app/cli/terminal.h"
#include "net/url.h"

namespace fw::app {
namespace {

constexpr int kYes = 0;
constexpr int kNo = 1;
constexpr int kNotDecided = 2;

int gate(const std::string& id, const std::string& server) {
  ApiClient client(server);
  const auto report = client.get("/api/jobs/" + net::percent_encode(id) + "/report");
  if (!report.ok()) {
    fail(report.error());
    return kNoVerdict;
  }
  const auto summary = report->value("summary", nlohmann::ordered_json::object());
  const std::string status = report->at("job").value("status", "");
  Terminal out(1);
  out.line(printable(summary.value("headline", "the report has no summary")));
  for (const auto& reason : summary.value("reasons", nlohmann::ordered_json::array()))
    out.line("  " + printable(reason.get<std::string>()));
  if (status != "completed") {
    fail(failed_precondition("job " + id + " is " + status + ", not completed"));
    return kNoVerdict;
  }
  const std::string decision = summary.value("decision", "");
  return decision == "yes" ? kYes : decision == "no" ? kNo : kNotDecided;
}

}  // namespace

void add_gate_command(CLI::App& app, CommandContext& context) {
  auto* command =
      app.add_subcommand("gate",
                         "Tell a script whether a candidate can take over: exit code 0 yes, 1 no, 2 not decided, "
                         "3 no finished job to judge by")
          ->group(kResultsGroup);
  add_examples(*command, "flywheel gate 67436743674367436743abcd && ./promote.sh");
  auto id = std::make_shared<std::string>();
  command->add_option("job", *id, "Job id: 24 hex digits")->required()->type_name("JOB");
  add_server_option(*command, context);
  command->callback([&context, id] { context.action = [&context, id] { return gate(*id, context.server_url); }; });
}

}  // namespace fw::app
