#include "app/cli/report_text.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/percent.h"
#include "modelops/variant.h"

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

std::string share(const Json& value) { return value.is_number() ? percent(value.get<double>()) : "-"; }

std::string dollars(const Json& value) {
  if (!value.is_number()) return "-";
  std::array<char, 48> buffer{};
  const double v = value.get<double>();
  std::snprintf(buffer.data(), buffer.size(), v >= 1 ? "$%.2f" : "$%.3g", v);
  return buffer.data();
}

std::string duration(const Json& value) {
  if (!value.is_number()) return "-";
  const double seconds = value.get<double>();
  return seconds > 0 && seconds < 0.1 ? std::to_string(std::lround(1000 * seconds)) + " ms" : format_seconds(seconds);
}
std::string count(const Json& value) { return value.is_number() ? std::to_string(value.get<long long>()) : "-"; }
std::string range(const Json& v) { return share(at(v, "low")) + " to " + share(at(v, "high")); }

std::string variant_title(const Json& variant) { return modelops::title_of(modelops::VariantId(text(variant))); }

std::string decision_title(const std::string& decision) {
  if (decision == "yes") return "yes";
  return decision == "no" ? "no" : "not decided";
}

Style style_of(const std::string& decision) {
  if (decision == "yes") return Style::kGood;
  return decision == "no" ? Style::kBad : Style::kAccent;
}

/// `294/300`, or the rows alone where a score is graded.
std::string rows_right(const Json& estimate, bool is_rate) {
  return is_rate ? count(at(estimate, "right")) + "/" + count(at(estimate, "n")) : count(at(estimate, "n")) + " rows";
}

/// What a lead decides by, first.
void print_summary(const Json& report, Terminal& out) {
  const Json& summary = at(report, "summary");
  const std::string decision = text(at(summary, "decision"));
  out.line("");
  out.line(out.styled(Style::kBold, out.styled(style_of(decision), text(at(summary, "headline")))));
  for (const auto& reason : at(summary, "reasons")) out.line("  " + text(reason));
  const Json& threshold = at(summary, "threshold");
  out.line("  threshold " + share(at(threshold, "value")) + ": production agrees with itself on " +
           share(at(threshold, "ceiling")) + ", less a margin of " + share(at(threshold, "margin")) + " set by " +
           text(at(threshold, "set_by")));
  if (const Json& wrong = at(summary, "wrong_per_1000"); wrong.is_object()) {
    const auto whole = [&](const char* key) { return std::to_string(std::lround(at(wrong, key).get<double>())); };
    const bool is_rate = text(at(at(at(report, "scoring"), "leading"), "kind")) == "rate";
    out.line(std::string(is_rate ? "  expected wrong answers per 1,000 requests: "
                                 : "  agreement lost, in answers per 1,000 requests: ") +
             whole("mean") + " (" + whole("low") + " to " + whole("high") + ")");
  }
  if (const Json& month = at(summary, "monthly"); month.is_object() && at(month, "saving").is_number())
    out.line("  a month at today's volume: " + dollars(at(month, "candidate_cost")) + " instead of " +
             dollars(at(month, "production_cost")));
  for (const auto& step : at(summary, "next_steps")) out.line("  next: " + text(step));
}

void print_ranking(const Json& report, Terminal& out) {
  const Json& ranking = at(report, "ranking");
  const Json& entries = at(ranking, "entries");
  if (!entries.is_array() || entries.empty()) {
    out.line(out.styled(Style::kBad, "No candidate was evaluated to the end."));
    return;
  }
  std::vector<std::vector<std::string>> rows{
      {"", "model", "", "agreement", "95 % interval", "rows", "cost of 1,000", "median time", "as good?"}};
  for (const auto& e : entries) {
    rows.push_back({count(at(e, "rank")), text(at(e, "model_name")), variant_title(at(e, "variant")),
                    share(at(e, "score")), range(e), count(at(e, "n")), dollars(at(e, "cost_per_1000")),
                    duration(at(e, "latency_p50_seconds")), decision_title(text(at(e, "decision")))});
  }
  for (const auto& b : at(report, "baselines"))
    rows.push_back({"", text(at(b, "title")), "", share(at(b, "mean")), range(b), count(at(b, "n")), "", "", ""});
  out.line("");
  out.line(out.styled(Style::kBold, "Ranking"));
  const auto lines = align(rows, {true, false, false, true, true, true, true, true, false});
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool is_entry = i > 0 && i <= entries.size();
    const Style style = !is_entry ? Style::kDim : rows[i].back() == "yes" ? Style::kGood : Style::kPlain;
    out.line(out.styled(style, lines[i]));
  }
  out.line(out.styled(Style::kDim, text(at(ranking, "rule"))));
}

/// How the best evaluation does on parts of the traffic: seen and unseen templates, newest part, later turns.
void print_breakdown(const Json& evaluation, Terminal& out) {
  const bool is_rate = text(at(at(evaluation, "agreement"), "kind")) == "rate";
  std::vector<std::vector<std::string>> rows;
  for (const auto& dimension : at(evaluation, "breakdown")) {
    if (at(dimension, "groups").size() < 2) continue;
    for (const auto& g : at(dimension, "groups"))
      rows.push_back({"    " + text(at(g, "title")), share(at(g, "mean")), range(g), rows_right(g, is_rate)});
  }
  for (const auto& c : at(evaluation, "classes")) {
    if (at(c, "mean") == 1 || rows.size() > 20) continue;
    rows.push_back({"    class " + text(at(c, "label")), share(at(c, "mean")), range(c), rows_right(c, is_rate)});
  }
  for (const auto& line : align(rows, {false, true, true, true})) out.line(line);
  std::string mistakes;
  const Json& kinds = at(evaluation, "mistakes");
  if (kinds.is_object())
    for (const auto& [kind, n] : kinds.items())
      mistakes += (mistakes.empty() ? "" : ", ") + count(n) + " " + printable(kind);
  if (!mistakes.empty()) out.line("    mistakes: " + mistakes);
}

/// A candidate that the whole job's failure took down has nothing to say of its own.
bool says_something_else(const std::string& error, const Json& report) {
  const auto job_error = text(at(at(report, "job"), "error"));
  return !error.empty() && (job_error.empty() || job_error.find(error) == std::string::npos);
}

void print_evaluation(const Json& report, const Json& candidate, const Json& e, Terminal& out) {
  const Json& agreement = at(e, "agreement");
  const bool is_rate = text(at(agreement, "kind")) == "rate";
  std::string line = "  " + variant_title(at(e, "variant")) + ": ";
  if (agreement.is_object()) {
    line += share(at(agreement, "mean")) + " (" + range(agreement) + "), " + rows_right(agreement, is_rate);
  } else {
    line += text(at(e, "error")).empty() ? "no scores" : text(at(e, "error"));
  }
  for (const char* which : {"failures", "unscored"}) {
    if (!at(e, which).is_object()) continue;
    for (const auto& [reason, n] : at(e, which).items()) line += "; " + count(n) + " " + printable(reason);
  }
  out.line(line);
  for (const auto& note : at(e, "endpoint_notes")) out.line("    " + out.styled(Style::kDim, text(note)));
  const Json& summary = at(report, "summary");
  if (at(summary, "model_name") == at(candidate, "model_name") && at(summary, "variant") == at(e, "variant"))
    print_breakdown(e, out);
}

void print_candidate(const Json& report, const Json& candidate, Terminal& out, Errors errors) {
  const auto error = text(at(candidate, "error"));
  const bool has_error = errors == Errors::kPrint && says_something_else(error, report);
  if (!has_error && !error.empty() && at(candidate, "evaluations").empty()) return;
  out.line("");
  out.line(out.styled(Style::kBold, text(at(candidate, "model_name"))) + "  " +
           out.styled(Style::kDim, text(at(candidate, "deployment"))));
  if (has_error) out.line("  " + out.styled(Style::kBad, error));
  for (const auto& e : at(candidate, "evaluations")) print_evaluation(report, candidate, e, out);
}

void print_trust(const Json& report, Terminal& out) {
  bool is_first = true;
  for (const auto& check : at(at(report, "trust"), "checks")) {
    if (at(check, "ok").is_boolean() && at(check, "ok").get<bool>()) continue;
    if (is_first) out.line("");
    if (is_first) out.line(out.styled(Style::kBold, "What weakens this result"));
    is_first = false;
    out.line("  " + out.styled(Style::kBad, text(at(check, "name"))) + ": " + text(at(check, "text")));
  }
}

void print_dataset(const Json& dataset, Terminal& out) {
  if (at(dataset, "steps").empty()) return;
  out.line("");
  out.line(out.styled(Style::kBold, "Datasets"));
  for (const auto& step : at(dataset, "steps")) {
    std::string line = "  " + text(at(step, "step")) + ": " + count(at(step, "in")) + " -> " + count(at(step, "out"));
    const Json& reasons = at(step, "reasons");
    if (reasons.is_object()) {
      for (const auto& [reason, n] : reasons.items()) line += "; " + count(n) + " " + printable(reason);
    }
    out.line(line);
    const Json& repaired = at(step, "repaired");
    if (!repaired.is_object()) continue;
    for (const auto& [what, n] : repaired.items()) out.line("    repaired: " + count(n) + " " + printable(what));
  }
}

}  // namespace

void print_report(const Json& report, Terminal& out, Errors errors) {
  const Json& job = at(report, "job");
  const auto error = text(at(job, "error"));
  if (errors == Errors::kPrint && !error.empty()) out.line(out.styled(Style::kBad, error));
  for (const auto& candidate : at(report, "candidates")) print_candidate(report, candidate, out, errors);
  print_dataset(at(report, "dataset"), out);
  // Of a job that failed before anything was evaluated the rest says its error again, in other words.
  if (!error.empty() && at(at(report, "ranking"), "entries").empty()) return;
  print_trust(report, out);
  print_ranking(report, out);
  print_summary(report, out);
  for (const auto& note : at(at(report, "scoring"), "notes")) out.line(out.styled(Style::kDim, "  " + text(note)));
}

}  // namespace fw::app
