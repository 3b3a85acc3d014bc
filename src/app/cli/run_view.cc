#include "app/cli/run_view.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/cli/shown_member.h"
#include "base/percent.h"
#include "modelops/variant.h"

namespace fw::app {
namespace {

using Json = nlohmann::json;

constexpr Duration kLineEvery = std::chrono::seconds(5);
constexpr std::size_t kBarWidth = 24;

double number_of(const Json& object, const char* key, double otherwise = 0) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : otherwise;
}

bool has_number(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number();
}

std::string whole(double value) { return std::to_string(static_cast<long long>(value)); }

std::string fixed(double value, int digits) {
  std::array<char, 48> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*f", digits, value);
  return buffer.data();
}

std::string datasets_summary(const Json& outcome) {
  const auto eval = outcome.find("eval");
  const double eval_rows = eval != outcome.end() && eval->is_object() ? number_of(*eval, "num_records") : 0;
  std::string out = whole(number_of(outcome, "num_records")) + " records: " + whole(eval_rows) + " evaluation, " +
                    whole(number_of(outcome, "train_rows")) + " training, " +
                    whole(number_of(outcome, "validation_rows")) + " validation rows";
  const Json warnings = outcome.value("warnings", Json::array());
  for (const auto& warning : warnings)
    if (warning.is_string()) out += "; " + printable(warning.get<std::string>());
  return out;
}

std::string evaluation_summary(const Json& outcome) {
  std::string out;
  if (const auto scores = outcome.find("scores"); scores != outcome.end() && scores->is_object()) {
    for (const auto& [name, mean] : scores->items()) {
      if (mean.is_number()) out += (out.empty() ? "" : ", ") + printable(name) + ' ' + percent(mean.get<double>());
    }
  }
  const double failed = number_of(outcome, "rows_failed");
  if (failed > 0) out += ", " + whole(failed) + " of " + whole(number_of(outcome, "rows")) + " rows failed";
  return out;
}

std::string training_summary(const Json& outcome) {
  std::string out = whole(number_of(outcome, "steps")) + " steps over " + whole(number_of(outcome, "rows")) + " rows";
  if (has_number(outcome, "validation_loss")) {
    out += ", validation loss " + fixed(number_of(outcome, "validation_loss"), 3);
  }
  if (has_number(outcome, "validation_exact")) out += ", " + percent(number_of(outcome, "validation_exact")) + " exact";
  return out;
}

/// What a finished stage has to say beyond that it is done.
std::string summary(const std::string& stage, const Json& outcome) {
  if (!outcome.is_object()) return {};
  if (stage == "datasets") return datasets_summary(outcome);
  if (stage == "customization") return training_summary(outcome);
  if (stage.ends_with("-eval")) return evaluation_summary(outcome);
  return shown_at(outcome, "deployment");
}

/// Done, of how many, and what else the line says.
struct Gauge {
  double done = 0;
  double total = 0;
  std::string detail;
};

Gauge gauge_of(const Json& event) {
  Gauge gauge;
  if (has_number(event, "rows_total")) {
    gauge.done = number_of(event, "rows_done");
    gauge.total = number_of(event, "rows_total");
    gauge.detail = "row " + whole(gauge.done) + '/' + whole(gauge.total);
    if (number_of(event, "rows_failed") > 0) gauge.detail += ", " + whole(number_of(event, "rows_failed")) + " failed";
  } else {
    gauge.done = number_of(event, "step");
    gauge.total = number_of(event, "total_steps");
    gauge.detail = "step " + whole(gauge.done) + '/' + whole(gauge.total);
    if (has_number(event, "loss")) gauge.detail += ", loss " + fixed(number_of(event, "loss"), 3);
  }
  return gauge;
}

}  // namespace

std::string stage_title(std::string_view stage) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kTitles{{
      {"datasets", "datasets"},
      {"judge", "judge check"},
      {"baseline", "judge on a trivial text"},
      {"production", "production asked again"},
      {"deploy", "deployment"},
      {"customization", "fine-tuning"},
      {"deploy-tuned", "deployment, fine-tuned"},
      {"undeploy", "taken down"},
      {"report", "report"},
  }};
  for (const auto& [name, title] : kTitles) {
    if (name == stage) return std::string(title);
  }
  if (stage.ends_with("-eval")) return "evaluation, " + modelops::title_of(modelops::VariantId(std::string(stage)));
  return std::string(stage);
}

RunView::RunView(Terminal& out, const Clock& clock) : out_(out), clock_(clock) {}

void RunView::show(std::string_view kind, std::string_view data) {
  const Json event = Json::parse(data, nullptr, false);
  if (!event.is_object()) return;
  if (kind == "job") show_job(event);
  if (kind == "stage") show_stage(event);
  if (kind == "candidate") show_candidate(event);
  if (kind == "progress") show_progress(event);
}

std::string RunView::candidate_name(const Json& event) const {
  const auto found = event.find("candidate");
  if (found == event.end() || !found->is_number_unsigned()) return {};
  const auto index = found->get<std::size_t>();
  return index < candidates_.size() ? candidates_[index] : "candidate " + std::to_string(index + 1);
}

void RunView::name_candidate(const Json& event) {
  const std::string name = candidate_name(event);
  if (name.empty() || name == shown_candidate_) return;
  shown_candidate_ = name;
  out_.line(out_.styled(Style::kBold, name));
}

void RunView::show_job(const Json& event) {
  const std::string what = shown_at(event, "event");
  if (what == "job-created") {
    candidates_.clear();
    const auto plans = event.find("candidates");
    if (plans != event.end() && plans->is_array()) {
      for (const auto& plan : *plans) candidates_.push_back(plan.is_object() ? shown_at(plan, "model_name") : "");
    }
    out_.line("run of workload " + out_.styled(Style::kBold, shown_at(event, "workload_id")) + ", traffic of " +
              shown_at(event, "client_id"));
  } else if (what == "job-finished") {
    end_status_ = shown_at(event, "status");
    const bool good = end_status_ == "completed";
    const std::string error = shown_at(event, "error");
    const std::string news = new_part(error);
    out_.line(out_.styled(good ? Style::kGood : Style::kBad, end_status_) + (news.empty() ? "" : ": " + news));
  }
}

void RunView::show_stage(const Json& event) {
  const std::string stage = shown_at(event, "stage");
  if (shown_at(event, "event") == "stage-started") {
    name_candidate(event);
    has_progress_ = false;
    time_left_.reset();
    out_.live("  ... " + stage_title(stage));
    return;
  }
  if (shown_at(event, "event") != "stage-finished") return;
  const std::string error = shown_at(event, "error");
  const auto outcome = event.find("outcome");
  std::string title = stage_title(stage);
  title.resize(std::max<std::size_t>(title.size(), 25), ' ');
  std::string time = format_seconds(number_of(event, "runtime_seconds"));
  time.insert(0, std::max<std::size_t>(time.size(), 10) - time.size(), ' ');
  const std::string detail =
      error.empty() ? summary(stage, outcome == event.end() ? Json() : *outcome) : new_part(error);
  out_.line("  " + (error.empty() ? out_.styled(Style::kGood, "ok  ") : out_.styled(Style::kBad, "fail")) + ' ' +
            title + time + (detail.empty() ? "" : "   " + detail));
}

void RunView::show_candidate(const Json& event) {
  const std::string error = shown_at(event, "error");
  const std::string news = new_part(error);
  if (news.empty()) return;
  out_.line("  " + out_.styled(Style::kBad, shown_at(event, "status")) + ' ' + candidate_name(event) + ": " + news);
}

/// An error travels from its stage to its candidate and its job, and each of them tells it; people are told once.
std::string RunView::new_part(const std::string& error) {
  for (const auto& told : errors_) {
    if (error.find(told) != std::string::npos) return {};
  }
  if (!error.empty()) errors_.push_back(error);
  return error;
}

void RunView::show_progress(const Json& event) {
  Gauge gauge = gauge_of(event);
  const double fraction = gauge.total > 0 ? gauge.done / gauge.total : 0;
  if (has_number(event, "seconds_left")) {
    const auto left = time_left_.update(clock_.instant(), number_of(event, "seconds_left"), fraction);
    if (left) gauge.detail += ", " + format_time_left(*left) + " left";
  }
  const std::string title = stage_title(shown_at(event, "stage"));
  if (out_.is_interactive()) {
    out_.live("  ... " + title + ' ' + out_.styled(Style::kAccent, out_.bar(fraction, kBarWidth)) + ' ' + gauge.detail);
    return;
  }
  const Instant now = clock_.instant();
  if (has_progress_ && now - last_progress_ < kLineEvery) return;
  has_progress_ = true;
  last_progress_ = now;
  out_.line("  ... " + title + ": " + gauge.detail);
}

}  // namespace fw::app
