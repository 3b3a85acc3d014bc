#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/help.h"
#include "app/cli/terminal.h"
#include "app/cli/waiting_line.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

int show_workloads(bool as_json, const std::string& server) {
  ApiClient client(server);
  const auto answer = client.get("/api/workloads");
  if (!answer.ok()) return fail(answer.error());
  if (as_json) {
    std::cout << answer->dump(2) << '\n';
    return 0;
  }
  Terminal out(1);
  std::vector<std::vector<std::string>> rows{{"workload", "client", "records", "oldest", "newest"}};
  const Json workloads = answer->value("workloads", Json::array());
  for (const auto& w : workloads) {
    rows.push_back({printable(w.value("workload_id", "")), printable(w.value("client_id", "")),
                    w.value("records", Json(0)).dump(), w.value("oldest", "").substr(0, 16),
                    w.value("newest", "").substr(0, 16)});
  }
  if (rows.size() == 1) {
    out.line("no traffic yet; load some with: flywheel load FILE");
  } else {
    for (const auto& line : align(rows, {false, false, true, false, false})) out.line(line);
  }
  if (const std::string waiting = waiting_line(*answer); !waiting.empty()) out.line(waiting);
  return 0;
}

}  // namespace

void add_workloads_command(CLI::App& app, CommandContext& context) {
  auto* command =
      app.add_subcommand("workloads", "List the workloads that have traffic, find them where nothing names them")
          ->group(kEverydayGroup);
  add_examples(*command, "flywheel workloads\nflywheel workloads --json\nflywheel workloads discover");
  auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "Print JSON");
  add_server_option(*command, context);
  add_discover_commands(*command, context);
  command->callback([&context, as_json, command] {
    if (!command->get_subcommands().empty()) return;  // whose own callback has spoken
    context.action = [&context, as_json] { return show_workloads(*as_json, context.server_url); };
  });
}

}  // namespace fw::app
