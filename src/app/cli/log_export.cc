#include <CLI/CLI.hpp>
#include <filesystem>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/exported_lines.h"
#include "app/cli/help.h"
#include "app/cli/record_filters.h"
#include "app/cli/terminal.h"

namespace fw::app {
namespace {

struct ExportOptions {
  RecordFilters filters;
  std::string to = "-";
};

std::string counted(std::uint64_t records) { return std::to_string(records) + (records == 1 ? " record" : " records"); }

void tell(const ExportedLines& lines, const std::string& to) {
  // Records that go to standard output are the only thing there.
  Terminal out(to == "-" ? 2 : 1);
  out.line(counted(lines.records()) + " written to " + (to == "-" ? "standard output" : printable(to)));
  if (lines.expired() == 0) return;
  out.line("  " + std::to_string(lines.expired()) +
           " of them without content, which has expired: load keeps these aside");
}

int export_records(const ExportOptions& options, const std::string& server) {
  const bool is_file = options.to != "-";
  if (is_file) {
    if (const auto may = io::check_output_file(std::filesystem::absolute(options.to)); !may.ok()) {
      return fail(may.error());
    }
  }
  ApiClient client(server);
  Terminal live(2);
  ExportedLines lines(options.to);
  const std::string query = options.filters.query();
  auto status = client.download("/api/log/export" + (query.empty() ? query : "?" + query.substr(1)),
                                [&](std::string_view piece) -> Status {
                                  FW_TRY(lines.append(piece));
                                  if (is_file) live.live("  " + counted(lines.records()));
                                  return {};
                                });
  if (status.ok()) status = lines.commit();
  live.end_live();
  if (!status.ok() && status.error().code == ErrorCode::kCancelled) return 0;  // who read it had what they wanted
  if (!status.ok()) return fail(status.error());
  tell(lines, options.to);
  return 0;
}

}  // namespace

void add_log_export_command(CLI::App& log, CommandContext& context) {
  auto* command = log.add_subcommand("export", "Write records as log documents, one a line, to be loaded elsewhere");
  add_examples(*command,
               "flywheel log export -o traffic.jsonl.gz                  all, packed\n"
               "flywheel log export --workload router --from 2026-11-01 -o router.jsonl\n"
               "flywheel log export --client-id my-app | FLYWHEEL_URL=http://other:8000 flywheel log import -");
  auto options = std::make_shared<ExportOptions>();
  options->filters.add_to(*command);
  command
      ->add_option("-o,--output", options->to,
                   "File that is written, packed with gzip where its name ends in .gz; - is standard output")
      ->capture_default_str()
      ->type_name("FILE");
  add_server_option(*command, context);
  command->callback([&context, options] {
    context.action = [&context, options] { return export_records(*options, context.server_url); };
  });
}

}  // namespace fw::app
