#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/command.h"
#include "app/cli/dataset_files.h"
#include "app/cli/help.h"
#include "app/cli/terminal.h"
#include "dataset/export_rows.h"
#include "io/output_file.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

struct DatasetExportOptions {
  std::string what;
  std::string format = "openai";
  std::string side = "train";
  std::string to;
  bool as_json = false;
  std::string server;
};

Json counts_json(const std::map<std::string, std::uint64_t>& counts) {
  Json out = Json::object();
  for (const auto& [what, count] : counts) out[what] = count;
  return out;
}

void print(const dataset::ExportedRows& rows, const DatasetExportOptions& options) {
  // Rows that go to standard output are the only thing there.
  Terminal out(options.to == "-" ? 2 : 1);
  out.line(fmt::format("{} of {} rows written to {} as {}", rows.written, rows.rows,
                       options.to == "-" ? "standard output" : printable(options.to), options.format));
  for (const auto& [reason, count] : rows.left_out)
    out.line(fmt::format("  left out {}: {}", count, printable(reason)));
  for (const auto& [how, count] : rows.changed) out.line(fmt::format("  said otherwise {}: {}", count, printable(how)));
}

int write_export(const DatasetExportOptions& options) {
  const auto format = dataset::parse_row_format(options.format);
  if (!format.ok()) return misuse(format.error());
  const auto side = parse_side(options.side);
  if (!side.ok()) return misuse(side.error());
  const auto path = std::filesystem::absolute(options.to);
  if (options.to != "-") {
    if (const auto may = io::check_output_file(path); !may.ok()) return fail(may.error());
  }
  const auto datasets = read_datasets(options.what, options.server, true);
  if (!datasets.ok()) return fail(datasets.error());
  if (datasets->rows(*side).empty()) return fail(not_found(options.what + " has no rows of the side " + options.side));
  std::string lines;
  const auto rows =
      dataset::export_rows(datasets->rows(*side), *format, Deadline::never(), [&](std::string_view line) -> Status {
        lines += line;
        return {};
      });
  if (!rows.ok()) return fail(rows.error());
  if (rows->written == 0) {
    print(*rows, options);
    return fail(failed_precondition("no row can be said as " + options.format + "; nothing was written"));
  }
  if (options.to == "-") {
    std::cout << lines;
  } else if (const auto written = io::write_output_file(path, lines); !written.ok()) {
    return fail(written.error());
  }
  if (options.as_json && options.to != "-") {
    const Json report{{"file", path.string()},
                      {"format", options.format},
                      {"side", dataset::to_string(*side)},
                      {"rows", rows->rows},
                      {"written", rows->written},
                      {"left_out", counts_json(rows->left_out)},
                      {"changed", counts_json(rows->changed)}};
    std::cout << report.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    print(*rows, options);
  }
  return 0;
}

}  // namespace

void add_dataset_export_command(CLI::App& dataset, CommandContext& context) {
  auto* command = dataset.add_subcommand("export", "Write the rows of a run for another program to train on");
  add_examples(*command,
               "flywheel dataset export 67436743674367436743abcd --format openai --to train.jsonl\n"
               "flywheel dataset export ./rows --format sharegpt --side validation --to val.jsonl");
  auto options = std::make_shared<DatasetExportOptions>();
  command->add_option("what", options->what, "Job id, or a folder with eval_data.jsonl and train_data.jsonl")
      ->required()
      ->type_name("JOB|FOLDER");
  command->add_option("--format", options->format, "chat, openai, prompt-completion or sharegpt")
      ->capture_default_str()
      ->type_name("FORMAT");
  command->add_option("--side", options->side, "Whose rows: train, validation or evaluation")
      ->capture_default_str()
      ->type_name("SIDE");
  command->add_option("--to", options->to, "File that is written; - is standard output")->required()->type_name("FILE");
  command->add_flag("--json", options->as_json, "Print as JSON what was written and what was left out");
  add_server_option(*command, context);
  command->callback([&context, options] {
    context.action = [&context, options] {
      options->server = context.server_url;
      return write_export(*options);
    };
  });
}

}  // namespace fw::app
