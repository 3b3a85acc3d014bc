#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/command.h"
#include "app/cli/dataset_files.h"
#include "app/cli/help.h"
#include "app/cli/terminal.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;
using dataset::Comparison;
using dataset::Side;

constexpr int kSame = 0;
constexpr int kDifferent = 1;
constexpr int kTrouble = 2;
constexpr std::size_t kShownRows = 10;

struct DiffOptions {
  std::string first;
  std::string second;
  bool as_json = false;
  std::string server;
};

/// Names and values of what a job's datasets were made with; `card.seed`, `data_split_config.eval_size`.
void flatten(const Json& value, const std::string& name, std::map<std::string, Json>& out) {
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) flatten(inner, name + '.' + key, out);
  } else {
    out[name] = value;
  }
}

std::map<std::string, Json> settings_of(const RunDatasets& datasets) {
  std::map<std::string, Json> out;
  if (!datasets.is_job()) return out;
  const Json job = datasets.report.value("job", Json::object());
  const Json config = datasets.report.value("config", Json::object());
  const Json card = datasets.report.value("dataset", Json::object());
  for (const char* key : {"workload_id", "client_id"}) out[key] = job.value(key, Json(nullptr));
  for (const char* key : {"workload_type", "seed"}) out[key] = card.value(key, Json(nullptr));
  for (const char* key : {"data_split_config", "icl_config", "dataset"}) {
    flatten(config.value(key, Json::object()), key, out);
  }
  for (const Json& step : card.value("steps", Json::array())) {
    out["step " + step.value("step", "") + ", records left"] = step.value("out", Json(nullptr));
  }
  return out;
}

struct SettingDifference {
  std::string name;
  Json first;
  Json second;
};

std::vector<SettingDifference> differing_settings(const RunDatasets& first, const RunDatasets& second) {
  if (!first.is_job() || !second.is_job()) return {};
  const auto a = settings_of(first);
  const auto b = settings_of(second);
  const auto value = [](const std::map<std::string, Json>& of, const std::string& name) {
    const auto at = of.find(name);
    return at == of.end() ? Json(nullptr) : at->second;
  };
  std::map<std::string, Json> all = a;
  all.insert(b.begin(), b.end());
  std::vector<SettingDifference> out;
  for (const auto& [name, ignored] : all) {
    if (value(a, name) != value(b, name)) out.push_back({name, value(a, name), value(b, name)});
  }
  return out;
}

Json to_json(const Comparison& found, const std::vector<SettingDifference>& settings) {
  Json sides = Json::object();
  for (const Side side : dataset::kSides) {
    const auto& one = found.sides[static_cast<std::size_t>(side)];
    sides[std::string(dataset::to_string(side))] = {{"rows", {one.in_first, one.in_second}},
                                                    {"same", found.is_same(side)},
                                                    {"changed", one.changed},
                                                    {"only_first", one.only_first},
                                                    {"only_second", one.only_second}};
  }
  Json moved = Json::array();
  for (const auto& row : found.moved) {
    moved.push_back({{"row", row.row}, {"from", dataset::to_string(row.from)}, {"to", dataset::to_string(row.to)}});
  }
  Json classes = Json::object();
  for (const auto& [label, counts] : found.classes) {
    classes[label] = {{"evaluation", counts[0]}, {"training", counts[1]}, {"validation", counts[2]}};
  }
  Json differing = Json::array();
  for (const auto& one : settings) {
    differing.push_back({{"name", one.name}, {"first", one.first}, {"second", one.second}});
  }
  return {{"same", found.is_same()},
          {"sides", std::move(sides)},
          {"moved", std::move(moved)},
          {"classes", std::move(classes)},
          {"settings", std::move(differing)}};
}

void print_names(const std::string& title, const std::vector<std::string>& names, Terminal& out) {
  if (names.empty()) return;
  out.line(title);
  for (std::size_t i = 0; i < std::min(names.size(), kShownRows); ++i) out.line("  " + printable(names[i]));
  if (names.size() > kShownRows) out.line(fmt::format("  and {} more (--json)", names.size() - kShownRows));
}

void print_sides(const Comparison& found, Terminal& out) {
  std::vector<std::vector<std::string>> rows{
      {"side", "rows of A", "rows of B", "only A", "only B", "moved away", "moved here", "changed"}};
  std::uint64_t changed = 0;
  for (const Side side : dataset::kSides) {
    const auto& one = found.sides[static_cast<std::size_t>(side)];
    rows.push_back({std::string(dataset::to_string(side)), std::to_string(one.in_first), std::to_string(one.in_second),
                    std::to_string(one.only_first.size()), std::to_string(one.only_second.size()),
                    std::to_string(std::ranges::count(found.moved, side, &dataset::MovedRow::from)),
                    std::to_string(std::ranges::count(found.moved, side, &dataset::MovedRow::to)),
                    std::to_string(one.changed)});
    changed += one.changed;
  }
  for (const auto& line : align(rows, {false, true, true, true, true, true, true, true})) out.line(line);
  if (changed > 0)
    out.line("changed: the record is on this side of both, and its row differs, be it in its weight alone");
  for (const Side side : dataset::kSides) {
    const auto& one = found.sides[static_cast<std::size_t>(side)];
    const std::string name(dataset::to_string(side));
    print_names("only in A, " + name, one.only_first, out);
    print_names("only in B, " + name, one.only_second, out);
  }
}

void print_classes(const Comparison& found, Terminal& out) {
  std::vector<std::vector<std::string>> rows{{"class", "evaluation", "training", "validation"}};
  for (const auto& [label, counts] : found.classes) {
    const bool differs = std::ranges::any_of(counts, [](const auto& pair) { return pair[0] != pair[1]; });
    if (!differs) continue;
    std::vector<std::string> cells{printable(label)};
    for (const auto& pair : counts) cells.push_back(fmt::format("{} -> {}", pair[0], pair[1]));
    rows.push_back(std::move(cells));
  }
  if (rows.size() == 1) return;
  out.line("");
  for (const auto& line : align(rows, {false, true, true, true})) out.line(line);
}

void print(const Comparison& found, const std::vector<SettingDifference>& settings, const DiffOptions& options) {
  Terminal out(1);
  out.line("A is " + printable(options.first) + ", B is " + printable(options.second));
  print_sides(found, out);
  std::vector<std::string> moved;
  for (const auto& row : found.moved) {
    moved.push_back(fmt::format("{}  {} -> {}", row.row, dataset::to_string(row.from), dataset::to_string(row.to)));
  }
  print_names(fmt::format("{} rows moved to another side", moved.size()), moved, out);
  print_classes(found, out);
  for (const auto& one : settings) {
    out.line(
        fmt::format("{}: {} -> {}", printable(one.name), printable(one.first.dump()), printable(one.second.dump())));
  }
  if (found.is_same()) return out.line("the same rows on the same sides");
  for (const Side side : dataset::kSides) {
    if (found.is_same(side)) out.line(fmt::format("{}: the same rows", dataset::to_string(side)));
  }
  out.line("the datasets differ");
}

int diff(const DiffOptions& options) {
  const auto trouble = [](const Error& error) {
    fail(error);
    return kTrouble;
  };
  const auto first = read_datasets(options.first, options.server, true);
  if (!first.ok()) return trouble(first.error());
  const auto second = read_datasets(options.second, options.server, true);
  if (!second.ok()) return trouble(second.error());
  const auto found = dataset::compare(first->sides(), second->sides(), Deadline::never());
  if (!found.ok()) return trouble(found.error());
  const auto settings = differing_settings(*first, *second);
  if (options.as_json) {
    std::cout << to_json(*found, settings).dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    print(*found, settings, options);
  }
  return found->is_same() ? kSame : kDifferent;
}

}  // namespace

void add_dataset_diff_command(CLI::App& dataset, CommandContext& context) {
  auto* command = dataset.add_subcommand(
      "diff",
      "Say which rows two runs have and have not in common: exit code 0 the same, 1 different, 2 not to be told");
  add_examples(*command,
               "flywheel dataset diff 67436743674367436743abcd 67436743674367436743abce\n"
               "flywheel dataset diff before/ after/ --json");
  auto options = std::make_shared<DiffOptions>();
  command->add_option("a", options->first, "Job id, or a folder")->required()->type_name("JOB|FOLDER");
  command->add_option("b", options->second, "Another one")->required()->type_name("JOB|FOLDER");
  command->add_flag("--json", options->as_json, "Print JSON, with all rows that differ");
  add_server_option(*command, context);
  command->callback([&context, options] {
    context.action = [&context, options] {
      options->server = context.server_url;
      return diff(*options);
    };
  });
}

}  // namespace fw::app
