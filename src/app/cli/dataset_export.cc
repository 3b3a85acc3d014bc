#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/dataset_files.h"
#include "app/cli/erased_rows.h"
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
  std::string file_type;
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

/// By name, or by the ending of the file.
Result<dataset::FileType> file_type_of(const DatasetExportOptions& options) {
  if (!options.file_type.empty()) return dataset::parse_file_type(options.file_type);
  return dataset::parse_file_type(options.to.ends_with(".parquet") ? "parquet" : "jsonl");
}

/// Where rows go, a megabyte at a time: the file, which is begun with the first of them, or standard output.
class Destination final {
 public:
  explicit Destination(const std::string& to) : to_(to) {}

  Status append(std::string_view piece) {
    waiting_ += piece;
    return waiting_.size() < kPiece ? Status() : write();
  }

  Status commit() {
    FW_TRY(write());
    return file_ ? file_->commit() : Status();
  }

 private:
  static constexpr std::size_t kPiece = 1U << 20U;

  Status write() {
    const std::string piece = std::exchange(waiting_, {});
    if (to_ == "-") {
      std::cout << piece;
      return {};
    }
    if (!file_) {
      FW_ASSIGN(auto file, io::OutputFile::create(std::filesystem::absolute(to_)));
      file_.emplace(std::move(file));
    }
    return file_->append(piece);
  }

  const std::string& to_;
  std::string waiting_;
  std::optional<io::OutputFile> file_;
};

Json report_of(const dataset::ExportedRows& rows, const DatasetExportOptions& options, dataset::Side side,
               dataset::FileType file_type) {
  return {{"file", rows.written == 0 ? Json(nullptr) : Json(std::filesystem::absolute(options.to).string())},
          {"format", options.format},
          {"file_type", file_type == dataset::FileType::kParquet ? "parquet" : "jsonl"},
          {"side", dataset::to_string(side)},
          {"rows", rows.rows},
          {"written", rows.written},
          {"left_out", counts_json(rows.left_out)},
          {"changed", counts_json(rows.changed)}};
}

/// Erased is erased: the files of a run still have such rows, what is made of them from now on has not.
Result<LeftRows> rows_to_write(const RunDatasets& datasets, dataset::Side side, const DatasetExportOptions& options) {
  if (!datasets.is_job()) return LeftRows();
  ApiClient client(options.server);
  FW_ASSIGN(const auto erased, erased_records_of(client, datasets.name));
  return erased.empty() ? LeftRows() : without_erased(datasets, side, erased);
}

void tell_erased(const LeftRows& left, dataset::ExportedRows& rows) {
  rows.rows += left.erased;
  rows.left_out["its record was erased since"] += left.erased;
  Terminal(2).line(
      fmt::format("{} of {} rows are of records that were erased since, and are left out; the run's own "
                  "files still have them until it is deleted",
                  left.erased, rows.rows));
}

int write_export(const DatasetExportOptions& options) {
  const auto format = dataset::parse_row_format(options.format);
  if (!format.ok()) return misuse(format.error());
  const auto side = parse_side(options.side);
  if (!side.ok()) return misuse(side.error());
  const auto file_type = file_type_of(options);
  if (!file_type.ok()) return misuse(file_type.error());
  if (*file_type == dataset::FileType::kParquet && options.to == "-") {
    return misuse(invalid_argument("a Parquet file is no text for standard output; name a file with --to"));
  }
  const auto path = std::filesystem::absolute(options.to);
  if (options.to != "-") {
    if (const auto may = io::check_output_file(path); !may.ok()) return fail(may.error());
  }
  const auto datasets = read_datasets(options.what, options.server, true);
  if (!datasets.ok()) return fail(datasets.error());
  if (datasets->rows(*side).empty()) return fail(not_found(options.what + " has no rows of the side " + options.side));
  const auto left = rows_to_write(*datasets, *side, options);
  if (!left.ok()) return fail(left.error());
  Destination destination(options.to);
  auto rows =
      dataset::export_rows(left->erased > 0 ? std::string_view(left->rows) : datasets->rows(*side), *format, *file_type,
                           Deadline::never(), [&](std::string_view piece) { return destination.append(piece); });
  if (!rows.ok()) return fail(rows.error());
  if (left->erased > 0) tell_erased(*left, *rows);
  if (rows->written > 0) {
    if (const auto written = destination.commit(); !written.ok()) return fail(written.error());
  }
  if (options.as_json && options.to != "-") {
    std::cout << report_of(*rows, options, *side, *file_type).dump(2, ' ', false, Json::error_handler_t::replace)
              << '\n';
  } else {
    print(*rows, options);
  }
  if (rows->written == 0) {
    return fail(failed_precondition("no row can be said as " + options.format + "; nothing was written"));
  }
  return 0;
}

}  // namespace

void add_dataset_export_command(CLI::App& dataset, CommandContext& context) {
  auto* command = dataset.add_subcommand("export", "Write the rows of a run for another program to train on");
  add_examples(*command,
               "flywheel dataset export 67436743674367436743abcd --format openai --to train.jsonl\n"
               "flywheel dataset export ./rows --format sharegpt --side validation --to val.jsonl\n"
               "flywheel dataset export ./rows --format chat --to train.parquet");
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
  command
      ->add_option("--file-type", options->file_type,
                   "jsonl or parquet; without it parquet for a FILE that ends with .parquet, else jsonl")
      ->type_name("TYPE");
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
