#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/dataset_files.h"
#include "app/cli/dataset_view.h"
#include "app/cli/erased_rows.h"
#include "app/cli/help.h"
#include "app/cli/terminal.h"
#include "dataset/settings.h"
#include "dataset/verify.h"
#include "net/url.h"

namespace fw::app {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kLeaks = 1;

struct VerifyOptions {
  std::string what;
  double threshold = 0.8;
  double max_leaked_share = 0;
  double max_answered_share = dataset::SplitSettings{}.max_answered_share;
  bool as_json = false;
  std::string server;
};

std::uint64_t count(const Json& leak, const char* name) { return leak.value(name, std::uint64_t{0}); }

/// 1 where a conversation or request stands on both sides, an example gives its row away, too many rows are near, or
/// the requests or answers of too many stand in training.
int exit_code(const Json& leak, std::uint64_t rows, const VerifyOptions& options) {
  const auto is_beyond = [&](const char* name, double share) {
    return static_cast<double>(count(leak, name)) > share * static_cast<double>(rows);
  };
  const bool is_leaking = count(leak, "conversations_on_two_sides") + count(leak, "requests_on_two_sides") +
                                  count(leak, "eval_rows_near_example") >
                              0 ||
                          is_beyond("eval_rows_near_training", options.max_leaked_share) ||
                          is_beyond("eval_rows_request_in_training", options.max_leaked_share) ||
                          is_beyond("eval_rows_own_answer_in_training", options.max_answered_share);
  return is_leaking ? kLeaks : 0;
}

int verify_folder(const VerifyOptions& options) {
  const auto read = read_datasets(options.what, options.server, true);
  if (!read.ok()) return fail(read.error());
  if (read->files.evaluation.empty()) return fail(not_found("no eval_data.jsonl lies in " + options.what));
  const Instant start = kernel_now();
  const auto rows = dataset::verify_rows(read->files, options.threshold, Deadline::never());
  if (!rows.ok()) return fail(rows.error());
  const double took = to_seconds(kernel_now() - start);
  const Json leak = to_json(rows->leak);
  if (options.as_json) {
    const Json all{{"evaluation_rows", rows->evaluation},
                   {"in_context_rows", rows->in_context},
                   {"training_rows", rows->training},
                   {"unclear_rows", rows->unclear},
                   {"seconds", took},
                   {"leak", leak}};
    std::cout << all.dump(2) << '\n';
  } else {
    Terminal out(1);
    out.line(fmt::format("{} evaluation rows against {} rows of training and validation, {:.1f} s", rows->evaluation,
                         rows->training, took));
    print_leak(leak, out);
  }
  return exit_code(leak, rows->evaluation, options);
}

/// What the job measured when it made its datasets.
int verify_job(const VerifyOptions& options) {
  ApiClient client(options.server);
  const auto report = client.get("/api/jobs/" + net::percent_encode(options.what) + "/report");
  if (!report.ok()) return fail(report.error());
  const Json card = report->value("dataset", Json::object());
  const Json leak = card.value("leak", Json::object());
  if (!leak.contains("conversations_on_two_sides")) {
    return fail(failed_precondition("job " + options.what + " has made no datasets"));
  }
  std::uint64_t rows = 0;
  for (const Json& label : card.value("classes", Json::array())) rows += label.value("eval", std::uint64_t{0});
  const std::string refused = card.value("refused", "");
  const auto erased = erased_records_of(client, options.what);
  if (!erased.ok()) return fail(erased.error());
  if (options.as_json) {
    Json all{{"evaluation_rows", rows}, {"leak", leak}};
    if (!refused.empty()) all["refused"] = refused;
    all["erased_records"] = erased->size();
    std::cout << all.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    Terminal out(1);
    out.line(fmt::format("{} evaluation rows of job {}, as it measured them", rows, printable(options.what)));
    if (!refused.empty()) out.line(out.styled(Style::kBad, "refused, and not kept: " + printable(refused)));
    if (!erased->empty()) {
      out.line(out.styled(Style::kBad, fmt::format("{} records of its rows were erased since", erased->size())));
    }
    print_leak(leak, out);
  }
  return refused.empty() ? exit_code(leak, rows, options) : kLeaks;
}

int verify(const VerifyOptions& options) {
  std::error_code ignored;
  return fs::is_directory(options.what, ignored) ? verify_folder(options) : verify_job(options);
}

void add_verify_command(CLI::App& dataset, CommandContext& context) {
  auto* command = dataset.add_subcommand(
      "verify", "Look for leaks between evaluation and training: exit code 0 none, 1 found, or not to be told");
  add_examples(
      *command,
      "flywheel dataset verify 67436743674367436743abcd\nflywheel dataset verify ./rows --threshold 0.7 --json");
  auto options = std::make_shared<VerifyOptions>();
  command->add_option("what", options->what, "Job id, or a folder with eval_data.jsonl and train_data.jsonl")
      ->required()
      ->type_name("JOB|FOLDER");
  command->add_option("--threshold", options->threshold, "Likeness from which requests are near-duplicates (folders)")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 1.0));
  command
      ->add_option("--max-leaked-share", options->max_leaked_share,
                   "Share of the evaluation rows that may have a near-duplicate")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  command
      ->add_option("--max-answered-share", options->max_answered_share,
                   "Share of the evaluation rows whose own answer may stand in training")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  command->add_flag("--json", options->as_json, "Print JSON");
  add_server_option(*command, context);
  command->callback([&context, options] {
    context.action = [&context, options] {
      options->server = context.server_url;
      return verify(*options);
    };
  });
}

}  // namespace

void add_dataset_command(CLI::App& app, CommandContext& context) {
  auto* dataset = app.add_subcommand("dataset", "Make datasets, and look into those of a run")->group(kResultsGroup);
  dataset->require_subcommand(1);
  add_dataset_build_command(*dataset, context);
  add_dataset_show_command(*dataset, context);
  add_dataset_diff_command(*dataset, context);
  add_dataset_export_command(*dataset, context);
  add_verify_command(*dataset, context);
}

}  // namespace fw::app
