#include "app/cli/report_text.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

const Json& at(const Json& object, const char* key) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

std::string text(const Json& value) { return value.is_string() ? printable(value.get<std::string>()) : std::string(); }

std::string percent(const Json& value) {
  if (!value.is_number()) return "-";
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.1f %%", 100 * value.get<double>());
  return buffer.data();
}

std::string dollars(const Json& value) {
  if (!value.is_number()) return "-";
  std::array<char, 48> buffer{};
  const double v = value.get<double>();
  std::snprintf(buffer.data(), buffer.size(), v >= 1 ? "$%.2f" : "$%.3g", v);
  return buffer.data();
}

std::string duration(const Json& value) { return value.is_number() ? format_seconds(value.get<double>()) : "-"; }
std::string count(const Json& value) { return value.is_number() ? std::to_string(value.get<long long>()) : "-"; }
std::string range(const Json& v) { return percent(at(v, "low")) + " to " + percent(at(v, "high")); }

std::string eval_title(const std::string& type) {
  if (type == "base-eval") return "as it is";
  if (type == "icl-eval") return "with examples";
  if (type == "customized-eval") return "fine-tuned";
  return type;
}

void print_ranking(const Json& report, Terminal& out) {
  const Json& ranking = at(report, "ranking");
  const Json& entries = at(ranking, "entries");
  if (!entries.is_array() || entries.empty()) {
    out.line(out.styled(Style::kBad, "No candidate was evaluated to the end."));
    return;
  }
  std::vector<std::vector<std::string>> rows{
      {"", "model", "", text(at(report, "leading_score")), "95 % interval", "cost of 1,000", "median time", ""}};
  for (const auto& e : entries) {
    const bool promising = at(e, "promising").is_boolean() && at(e, "promising").get<bool>();
    rows.push_back({count(at(e, "rank")), text(at(e, "model_name")), eval_title(text(at(e, "eval_type"))),
                    percent(at(e, "score")), range(e), dollars(at(e, "cost_per_1000")),
                    duration(at(e, "latency_p50_seconds")), promising ? "worth a look" : ""});
  }
  out.line("");
  out.line(out.styled(Style::kBold, "Ranking"));
  const auto lines = align(rows, {true, false, false, true, true, true, true, false});
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool promising = i > 0 && rows[i].back() == "worth a look";
    out.line(out.styled(i == 0 ? Style::kDim : promising ? Style::kGood : Style::kPlain, lines[i]));
  }
  out.line(out.styled(Style::kDim, text(at(ranking, "rule"))));
  out.line("first: " + text(at(entries.front(), "reason")));
}

/// Groups of the leading score, where rows with and without a tool, seen and unseen wordings are told apart.
void print_groups(const Json& report, const Json& evaluation, Terminal& out) {
  for (const auto& score : at(evaluation, "scores")) {
    if (text(at(score, "name")) != text(at(report, "leading_score"))) continue;
    std::vector<std::vector<std::string>> rows;
    for (const auto& g : at(score, "groups")) {
      rows.push_back({"    " + text(at(g, "group")), percent(at(g, "mean")), range(g), "n = " + count(at(g, "n"))});
    }
    for (const auto& line : align(rows, {false, true, true, true})) out.line(line);
  }
}

/// A candidate that the whole job's failure took down has nothing to say of its own.
bool says_something_else(const std::string& error, const Json& report) {
  const auto job_error = text(at(at(report, "job"), "error"));
  return !error.empty() && (job_error.empty() || job_error.find(error) == std::string::npos);
}

void print_candidate(const Json& report, const Json& candidate, Terminal& out, Errors errors) {
  const auto error = text(at(candidate, "error"));
  const bool has_error = errors == Errors::kPrint && says_something_else(error, report);
  if (!has_error && !error.empty() && at(candidate, "evaluations").empty()) return;
  out.line("");
  out.line(out.styled(Style::kBold, text(at(candidate, "model_name"))) + "  " +
           out.styled(Style::kDim, text(at(candidate, "deployment"))));
  if (has_error) out.line("  " + out.styled(Style::kBad, error));
  for (const auto& e : at(candidate, "evaluations")) {
    std::string scores;
    for (const auto& s : at(e, "scores")) scores += "  " + text(at(s, "name")) + ' ' + percent(at(s, "mean"));
    const std::string failed = at(e, "rows_failed").is_number() && at(e, "rows_failed").get<long long>() > 0
                                   ? ", " + count(at(e, "rows_failed")) + " failed"
                                   : "";
    out.line("  " + eval_title(text(at(e, "eval_type"))) + ':' + scores + "  (" + count(at(e, "rows")) + " rows" +
             failed + ')');
    if (text(at(e, "eval_type")) == "customized-eval") print_groups(report, e, out);
  }
}

void print_dataset(const Json& dataset, Terminal& out) {
  if (!dataset.is_object()) return;
  out.line("");
  out.line(out.styled(Style::kBold, "Datasets"));
  for (const auto& step : at(dataset, "steps")) {
    std::string line = "  " + text(at(step, "step")) + ": " + count(at(step, "in")) + " -> " + count(at(step, "out"));
    const Json& reasons = at(step, "reasons");
    if (reasons.is_object()) {
      for (const auto& [reason, n] : reasons.items()) line += "; " + count(n) + " " + printable(reason);
    }
    out.line(line);
  }
}

}  // namespace

void print_report(const Json& report, Terminal& out, Errors errors) {
  const Json& job = at(report, "job");
  const auto error = text(at(job, "error"));
  if (errors == Errors::kPrint && !error.empty()) out.line(out.styled(Style::kBad, error));
  for (const auto& candidate : at(report, "candidates")) print_candidate(report, candidate, out, errors);
  print_dataset(at(report, "dataset"), out);
  print_ranking(report, out);
  if (const auto note = text(at(at(report, "scoring"), "note")); !note.empty()) out.line(out.styled(Style::kDim, note));
}

}  // namespace fw::app
