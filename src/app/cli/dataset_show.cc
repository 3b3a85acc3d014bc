#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/dataset_files.h"
#include "app/cli/dataset_markdown.h"
#include "app/cli/dataset_view.h"
#include "app/cli/erased_rows.h"
#include "app/cli/help.h"
#include "app/cli/terminal.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/percent.h"
#include "dataset/finished_row.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;
using dataset::FinishedRow;

constexpr std::size_t kShownBytes = 110;  // of a text in a row
constexpr std::size_t kShownReasons = 6;

struct ShowOptions {
  std::string what;
  std::string side = "evaluation";
  std::uint64_t rows = 0;
  bool as_json = false;
  bool as_markdown = false;
  std::string server;
};

std::string dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace); }

/// Rows of every class and side, and the times that rows say, of files that have no card.
Result<Json> card_of_files(const RunDatasets& datasets) {
  Json sides = Json::object();
  std::map<std::string, std::map<std::string, std::uint64_t>> classes;
  for (const dataset::Side side : dataset::kSides) {
    const std::string name(dataset::to_string(side));
    std::uint64_t rows = 0;
    FW_TRY(dataset::for_each_row(datasets.rows(side), Deadline::never(), [&](const FinishedRow& row) -> Status {
      ++rows;
      ++classes[row.label][name];
      return {};
    }));
    if (rows > 0) sides[name] = {{"rows", rows}, {"sha256", sha256_hex(datasets.rows(side))}};
  }
  Json labels = Json::array();
  for (const auto& [label, counts] : classes) {
    const auto of = [&](const char* side) { return counts.contains(side) ? counts.at(side) : std::uint64_t{0}; };
    labels.push_back(
        {{"label", label}, {"eval", of("evaluation")}, {"train", of("training")}, {"validation", of("validation")}});
  }
  return Json{{"folder", datasets.name}, {"files", std::move(sides)}, {"classes", std::move(labels)}};
}

/// First and last time that evaluation rows say; null where they say none.
Json window_of(const RunDatasets& datasets) {
  std::optional<std::int64_t> first, last;
  (void)dataset::for_each_row(datasets.files.evaluation, Deadline::never(), [&](const FinishedRow& row) -> Status {
    const Json line = Json::parse(row.line, nullptr, false);
    const auto at = line.find("timestamp");
    if (at == line.end() || !at->is_number_integer()) return {};
    first = std::min(first.value_or(*at), at->get<std::int64_t>());
    last = std::max(last.value_or(*at), at->get<std::int64_t>());
    return {};
  });
  if (!first) return nullptr;
  return {{"first", to_iso8601(from_epoch_seconds(*first))}, {"last", to_iso8601(from_epoch_seconds(*last))}};
}

/// What the report of a job says of its datasets, and what they were made with.
Json card_of_job(const RunDatasets& datasets) {
  const Json& report = datasets.report;
  const Json job = report.value("job", Json::object());
  const Json config = report.value("config", Json::object());
  Json card{{"job", datasets.name}};
  for (const char* key : {"workload_id", "client_id", "status"}) card[key] = job.value(key, Json(nullptr));
  if (!datasets.files.evaluation.empty()) card["evaluation_window"] = window_of(datasets);
  card.update(report.value("dataset", Json::object()));
  for (const char* key : {"data_split_config", "icl_config"}) card[key] = config.value(key, Json(nullptr));
  return card;
}

std::string counted(const Json& reasons) {
  std::vector<std::pair<std::uint64_t, std::string>> all;
  for (const auto& [reason, count] : reasons.items()) all.emplace_back(count.get<std::uint64_t>(), reason);
  std::ranges::stable_sort(all, std::ranges::greater(), [](const auto& pair) { return pair.first; });
  std::string out;
  for (std::size_t i = 0; i < std::min(all.size(), kShownReasons); ++i) {
    out += (i > 0 ? "; " : "") + fmt::format("{}: {}", printable(all[i].second), all[i].first);
  }
  if (all.size() > kShownReasons) out += fmt::format("; and {} more (--json)", all.size() - kShownReasons);
  return out;
}

void print_steps(const Json& card, Terminal& out) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& step : card.value("steps", Json::array())) {
    rows.push_back({"  " + printable(step.value("step", "")), std::to_string(step.value("in", std::uint64_t{0})), "->",
                    std::to_string(step.value("out", std::uint64_t{0})),
                    counted(step.value("reasons", Json::object()))});
    if (const auto repaired = counted(step.value("repaired", Json::object())); !repaired.empty()) {
      rows.push_back({"", "", "", "", "mended: " + repaired});
    }
  }
  if (rows.empty()) return;
  out.line("records at every step");
  for (const auto& line : align(rows, {false, true, false, true, false})) out.line(line);
}

void print_classes(const Json& card, Terminal& out) {
  std::vector<std::vector<std::string>> rows{{"  class", "evaluation", "train", "validation"}};
  std::array<std::uint64_t, 3> sums{};
  for (const Json& one : card.value("classes", Json::array())) {
    std::vector<std::string> cells{"  " + printable(one.value("label", "").empty() ? "(all)" : one.value("label", ""))};
    std::size_t at = 0;
    for (const char* side : {"eval", "train", "validation"}) {
      sums[at] += one.value(side, std::uint64_t{0});
      ++at;
      cells.push_back(std::to_string(one.value(side, std::uint64_t{0})));
    }
    rows.push_back(std::move(cells));
  }
  if (rows.size() > 2) {
    rows.push_back({"  all", std::to_string(sums[0]), std::to_string(sums[1]), std::to_string(sums[2])});
  }
  out.line("");
  for (const auto& line : align(rows, {false, true, true, true})) out.line(line);
}

/// Answers of production that look wrong, by why, each kind with the records to look at.
void print_suspicious(const Json& card, Terminal& out) {
  const Json suspicious = card.value("suspicious", Json::object());
  const Json reasons = suspicious.value("reasons", Json::array());
  if (reasons.empty()) return;
  out.line(fmt::format("answers that look wrong{}",
                       suspicious.value("left_out", false) ? ", left out of training and validation" : ""));
  for (const Json& reason : reasons) {
    out.line(fmt::format("  {}: {} in training and validation, {} in evaluation", printable(reason.value("why", "")),
                         reason.value("training", std::uint64_t{0}), reason.value("evaluation", std::uint64_t{0})));
    for (const Json& example : reason.value("examples", Json::array())) {
      out.line("    " + printable(example.value("record_id", "")) + "  " +
               beginning_for_line(example.value("detail", ""), kShownBytes));
    }
  }
  out.line("");
}

/// How many rows are near-duplicates of each other, and the largest groups.
void print_clusters(const Json& card, Terminal& out) {
  const Json found = card.value("near_duplicates", Json::object());
  const auto count = [](const Json& of, const char* key) { return of.value(key, std::uint64_t{0}); };
  if (count(found, "clusters") == 0) return;
  out.line(
      fmt::format("{} rows in {} clusters of near-duplicates, {} of them in training and in validation; the largest",
                  count(found, "rows"), count(found, "clusters"), count(found, "training_and_validation")));
  if (count(found, "called_differently") > 0) {
    out.line(fmt::format("  in {} of them production calls different tools for nearly equal requests",
                         count(found, "called_differently")));
  }
  for (const Json& one : found.value("largest", Json::array())) {
    const std::uint64_t answers = count(one, "answers");
    out.line(fmt::format("  {} rows: {} train, {} validation, {} evaluation{}", count(one, "rows"), count(one, "train"),
                         count(one, "validation"), count(one, "evaluation"),
                         answers > 1 ? fmt::format("; {} different answers", answers) : ""));
    for (const Json& example : one.value("examples", Json::array())) {
      out.line("    " + printable(example.value("record_id", "")) + "  " +
               beginning_for_line(example.value("text", ""), kShownBytes));
    }
  }
  out.line("");
}

/// How often requests that read alike are answered alike.
void print_like_requests(const Json& card, Terminal& out) {
  const Json like = card.value("like_requests", Json::object());
  if (like.value("classes", Json::array()).size() < 2) return;
  out.line(fmt::format("requests that read alike call the same tool in {} (by chance {}), {} rows of training",
                       percent(like.value("agreeing_share", 0.0)), percent(like.value("chance_share", 0.0)),
                       like.value("rows", std::uint64_t{0})));
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : like["classes"]) {
    rows.push_back({"  " + printable(one.value("label", "")), percent(one.value("agreeing_share", 0.0)),
                    "by chance " + percent(one.value("chance_share", 0.0)),
                    std::to_string(one.value("rows", std::uint64_t{0})) + " rows"});
  }
  for (const auto& line : align(rows, {false, true, true, true})) out.line(line);
  out.line("");
}

void print_settings(const Json& card, Terminal& out) {
  for (const char* section : {"data_split_config", "icl_config"}) {
    const Json settings = card.value(section, Json(nullptr));
    if (!settings.is_object()) continue;
    std::string line;
    for (const auto& [key, value] : settings.items()) {
      if (!value.is_null()) line += (line.empty() ? "" : ", ") + key + ' ' + value.dump();
    }
    out.line(fmt::format("{}: {}", section, printable(line)));
  }
}

void print_job(const Json& card, Terminal& out) {
  const auto text = [&](const char* key) {
    return card.contains(key) && card[key].is_string() ? printable(card[key].get<std::string>()) : std::string("-");
  };
  out.line(out.styled(Style::kBold, "job " + text("job")) + ", workload " + text("workload_id") + ", client " +
           text("client_id"));
  out.line(fmt::format("{}, seed {}", text("workload_type"), card.value("seed", Json(nullptr)).dump()));
  if (const auto window = card.find("evaluation_window"); window != card.end() && window->is_object()) {
    out.line("evaluation rows from " + window->value("first", "") + " to " + window->value("last", ""));
  }
  if (card.contains("refused")) {
    out.line(out.styled(Style::kBad, "refused, and not kept: " + text("refused")));
  }
  if (card.contains("erased_since")) out.line(out.styled(Style::kBad, text("erased_since")));
  out.line("");
  print_steps(card, out);
  print_classes(card, out);
  out.line("");
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : card.value("datasets", Json::array())) {
    rows.push_back({"  " + printable(one.value("name", "")),
                    std::to_string(one.value("num_records", std::uint64_t{0})) + " rows",
                    printable(one.value("digest", ""))});
  }
  for (const auto& line : align(rows, {false, true, false})) out.line(line);
  out.line("");
  print_settings(card, out);
  out.line("");
  print_suspicious(card, out);
  print_like_requests(card, out);
  print_clusters(card, out);
  out.line("leaks between evaluation and training");
  print_leak(card.value("leak", Json::object()), out);
  for (const Json& note : card.value("notes", Json::array())) {
    out.line("note: " + printable(note.is_string() ? note.get<std::string>() : note.dump()));
  }
}

void print_files(const Json& card, Terminal& out) {
  out.line(out.styled(Style::kBold, printable(card.value("folder", ""))));
  std::vector<std::vector<std::string>> rows;
  const Json files = card.value("files", Json::object());
  for (const auto& [side, file] : files.items()) {
    rows.push_back({"  " + side, std::to_string(file.value("rows", std::uint64_t{0})) + " rows",
                    "sha256 " + file.value("sha256", "")});
  }
  for (const auto& line : align(rows, {false, true, false})) out.line(line);
  print_classes(card, out);
  out.line("");
  out.line("flywheel dataset verify looks for leaks in it");
}

std::string text_of(const Json& content) {
  if (content.is_string()) return content.get<std::string>();
  return content.is_null() ? "" : content.dump();
}

void print_row(const FinishedRow& row, Terminal& out) {
  out.line("");
  out.line(fmt::format("row {}  {}{}", row.number, printable(row.label),
                       row.record_id.empty() ? "" : "  record " + printable(row.record_id)));
  const Json& answer = row.messages.back();
  for (std::size_t i = row.messages.size() - 1; i-- > 0;) {
    const Json& message = row.messages[i];
    if (message.value("role", "") != "user" && message.value("role", "") != "tool") continue;
    out.line(fmt::format("  {:<9} {}", message.value("role", ""),
                         beginning_for_line(text_of(message.value("content", Json(nullptr))), kShownBytes)));
    break;
  }
  const Json calls = answer.value("tool_calls", Json(nullptr));
  out.line("  assistant " + beginning_for_line(calls.is_array() && !calls.empty()
                                                   ? calls.dump(-1, ' ', false, Json::error_handler_t::replace)
                                                   : text_of(answer.value("content", Json(nullptr))),
                                               kShownBytes));
}

/// Calls `visit` with the first rows of the side.
Status first_rows(const RunDatasets& datasets, const ShowOptions& options,
                  const std::function<void(const FinishedRow&)>& visit) {
  FW_ASSIGN(const dataset::Side side, parse_side(options.side));
  // Rows behind the last that is wanted are not read.
  std::string_view file = datasets.rows(side);
  std::size_t end = 0;
  for (std::uint64_t i = 0; i < options.rows && end != file.npos && end < file.size(); ++i) {
    end = file.find('\n', end);
    if (end != file.npos) ++end;
  }
  return dataset::for_each_row(file.substr(0, end), Deadline::never(), [&](const FinishedRow& row) -> Status {
    visit(row);
    return {};
  });
}

int show(const ShowOptions& options) {
  if (const auto side = parse_side(options.side); !side.ok()) return misuse(side.error());
  const auto datasets = read_datasets(options.what, options.server, options.rows > 0);
  if (!datasets.ok()) return fail(datasets.error());
  if (options.as_markdown && !datasets->is_job()) {
    return misuse(invalid_argument("files have no card: --markdown is for the datasets of a job"));
  }
  Result<Json> card = datasets->is_job() ? Result<Json>(card_of_job(*datasets)) : card_of_files(*datasets);
  if (!card.ok()) return fail(card.error());
  if (datasets->is_job()) {
    ApiClient client(options.server);
    if (const auto erased = erased_rows_of(client, options.what); !erased.empty()) (*card)["erased_since"] = erased;
  }
  if (options.as_markdown) {
    std::cout << card_markdown(*card);
    return 0;
  }
  Json rows = Json::array();
  Terminal out(1);
  if (!options.as_json) (datasets->is_job() ? print_job : print_files)(*card, out);
  const auto shown = first_rows(*datasets, options, [&](const FinishedRow& row) {
    if (options.as_json) {
      rows.push_back(Json::parse(row.line, nullptr, false));
    } else {
      print_row(row, out);
    }
  });
  if (!shown.ok()) return fail(shown.error());
  if (options.as_json) {
    if (options.rows > 0) (*card)["rows"] = std::move(rows);
    std::cout << dump(*card) << '\n';
  }
  return 0;
}

}  // namespace

void add_dataset_show_command(CLI::App& dataset, CommandContext& context) {
  auto* command = dataset.add_subcommand("show", "Show how the datasets of a run came to be, and their rows");
  add_examples(*command,
               "flywheel dataset show 67436743674367436743abcd\n"
               "flywheel dataset show 67436743674367436743abcd --rows 5 --side train\n"
               "flywheel dataset show 67436743674367436743abcd --markdown > card.md\n"
               "flywheel dataset show ./rows --json");
  auto options = std::make_shared<ShowOptions>();
  command->add_option("what", options->what, "Job id, or a folder with eval_data.jsonl and train_data.jsonl")
      ->required()
      ->type_name("JOB|FOLDER");
  command->add_option("--rows", options->rows, "Show that many rows too, the first ones")->type_name("N");
  command->add_option("--side", options->side, "Whose rows: evaluation, train or validation")
      ->capture_default_str()
      ->type_name("SIDE");
  auto* as_json = command->add_flag("--json", options->as_json, "Print JSON; rows as they are");
  command->add_flag("--markdown", options->as_markdown, "Print the card of a job as a Markdown page")
      ->excludes(as_json)
      ->excludes("--rows");
  add_server_option(*command, context);
  command->callback([&context, options] {
    context.action = [&context, options] {
      options->server = context.server_url;
      return show(*options);
    };
  });
}

}  // namespace fw::app
