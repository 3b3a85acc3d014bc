#include "api/comparisons.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <vector>

#include "api/answer.h"
#include "api/query_params.h"
#include "api/report_rows.h"
#include "api/request_body.h"
#include "io/file_uri.h"
#include "modelops/variant.h"
#include "runs/row_pairs.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kMostRows = 100;
constexpr std::int64_t kUsualRows = 20;

Json at(const std::string& text, const char* pointer) {
  const auto value = Json::parse(text, nullptr, false);
  const Json::json_pointer where(pointer);
  return value.is_discarded() || !value.contains(where) ? Json() : value.at(where);
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

/// `0.base-eval`: a candidate's place in its run, and the evaluation of it.
struct Answerer {
  std::size_t candidate = 0;
  modelops::VariantId variant;
};

std::optional<Answerer> read_answerer(const net::QueryParams& query, const char* name,
                                      std::vector<FieldProblem>& problems) {
  const std::string text = query_text(query, name);
  Answerer out;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.candidate);
  const auto rest = static_cast<std::size_t>(end - text.data());
  if (error == std::errc() && rest + 1 < text.size() && text[rest] == '.') {
    out.variant = modelops::VariantId(text.substr(rest + 1));
    return out;
  }
  problems.push_back({"value_error",
                      {"query", name},
                      "Input should be a candidate's number in the run and an evaluation of it, as 0.base-eval",
                      text});
  return std::nullopt;
}

Result<std::filesystem::path> results_of(const runs::Job& job, const Answerer& who) {
  if (who.candidate < job.candidates.size()) {
    for (const auto& evaluation : job.candidates[who.candidate].evaluations) {
      if (evaluation.variant != who.variant) continue;
      if (const auto path = io::path_of_file_uri(evaluation.results_uri)) return *path;
    }
  }
  return not_found("job " + *job.id + " has no rows of " + std::to_string(who.candidate) + '.' + *who.variant +
                   ": that was not evaluated, or it failed");
}

/// How a run's rows were scored, as its report says.
runs::ScoredRows scored_rows(std::filesystem::path results, const std::string& report) {
  runs::ScoredRows out{.results = std::move(results), .scoring = {}};
  const Json scoring = at(report, "/scoring");
  if (!scoring.is_object()) return out;
  out.scoring.has_judge = !scoring.value("judge", Json()).is_null();
  out.is_graded = scoring.value("/leading/kind"_json_pointer, "") == "graded";
  for (const Json& metric : scoring.value("metrics", Json::array())) {
    const bool leads_texts = metric.value("leading", false) && metric.value("answer_kind", "") == "text";
    if (leads_texts && !metric.value("judged", false)) out.scoring.text_metric = metric.value("name", "");
  }
  return out;
}

Json answer_json(const runs::SideAnswer& side) {
  return {{"message", at(side.row.response, "/choices/0/message")},
          {"agreement", side.agreement},
          {"asks", side.asks},
          {"scores", side.row.scores},
          {"mistakes", side.row.mistakes},
          {"failure", text_or_null(side.row.failure)},
          {"error", text_or_null(side.row.error)}};
}

/// What was asked, without the examples that were put in front of it for one of the two.
const modelops::RowResult& as_asked(const runs::RowPair& pair, const Answerer& left) {
  const auto variant = modelops::find_variant(*left.variant);
  return variant && variant->has_examples ? pair.right.row : pair.left.row;
}

Json counts_json(const runs::OutcomeCounts& counts) {
  return {{"rows", counts.left_better + counts.right_better + counts.both + counts.neither},
          {"left_better", counts.left_better},
          {"right_better", counts.right_better},
          {"both", counts.both},
          {"neither", counts.neither},
          {"without_score", counts.without_score},
          {"left_only", counts.left_only},
          {"right_only", counts.right_only}};
}

std::vector<record::RecordId> records_of(const std::vector<runs::RowPair>& rows) {
  std::vector<record::RecordId> ids;
  for (const auto& row : rows) ids.push_back(record::RecordId::from_stored(row.left.row.record_id));
  return ids;
}

}  // namespace

void ComparisonsResource::add_to(net::Router& router) {
  router.on(net::Method::kGet, "/api/jobs/{id}/comparison",
            [this](net::Call call) { return compare(std::move(call)); });
}

Task<Result<net::Response>> ComparisonsResource::compare(net::Call call) {
  std::vector<FieldProblem> problems;
  const auto left = read_answerer(call.query, "left", problems);
  const auto right = read_answerer(call.query, "right", problems);
  const auto limit = query_number(call.query, "limit", 1, kMostRows, problems);
  const auto cursor = query_number(call.query, "cursor", 0, INT64_MAX, problems);
  const std::string show = query_text(call.query, "show");
  const auto outcome = runs::outcome_from_string(show);
  if (!show.empty() && !outcome) {
    problems.push_back({"enum", {"query", "show"}, "Input should be left_better, right_better, both or neither", show});
  }
  if (!problems.empty()) co_return unprocessable(problems);
  FW_CO_ASSIGN(const runs::JobId id, runs::parse_job_id(call.params.at("id")));
  const std::string with = query_text(call.query, "with");
  FW_CO_ASSIGN(const runs::JobId other, runs::parse_job_id(with.empty() ? *id : with));
  FW_CO_ASSIGN(const runs::Job left_job, runs_.find(id));
  FW_CO_ASSIGN(const runs::Job right_job, runs_.find(other));
  FW_CO_ASSIGN(auto left_file, results_of(left_job, *left));
  FW_CO_ASSIGN(auto right_file, results_of(right_job, *right));
  FW_CO_ASSIGN(const std::string left_report, co_await runs_.report(id));
  FW_CO_ASSIGN(const std::string right_report, co_await runs_.report(other));
  const runs::PairPage page{.outcome = outcome,
                            .first = static_cast<std::uint64_t>(cursor.value_or(0)),
                            .limit = static_cast<std::uint64_t>(limit.value_or(kUsualRows))};
  auto body = co_await run_if_room(disk_, [&]() -> Result<Json> {
    FW_ASSIGN(const auto found, runs::pair_rows(scored_rows(std::move(left_file), left_report),
                                                scored_rows(std::move(right_file), right_report), page, call.deadline));
    FW_ASSIGN(const auto logged, still_logged(log_, records_of(found.rows)));
    Json rows = Json::array();
    for (const auto& pair : found.rows) {
      const auto& row = as_asked(pair, *left);
      rows.push_back({{"record_id", row.record_id},
                      {"label", row.traits.label},
                      {"is_in_log", logged.contains(row.record_id)},
                      {"outcome", runs::to_string(pair.outcome)},
                      {"messages", at(row.request, "/messages")},
                      {"reference", at(row.reference, "")},
                      {"left", answer_json(pair.left)},
                      {"right", answer_json(pair.right)}});
    }
    const Json next = found.has_more ? Json(std::to_string(page.first + found.rows.size())) : Json();
    return Json{{"counts", counts_json(found.counts)}, {"rows", std::move(rows)}, {"next_cursor", next}};
  });
  if (!body.ok()) co_return body.error();
  co_return answer(200, *body);
}

}  // namespace fw::api
