#include "api/statistics.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/answer.h"
#include "api/provenance_json.h"
#include "api/query_params.h"
#include "api/waiting.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

/// How long one answer may read traffic that it has not counted yet.
constexpr Duration kReading = std::chrono::milliseconds(400);
constexpr std::int64_t kMostPoints = 500;

Json sums_json(const traffic::Sums& sums) {
  return {{"records", sums.records},
          {"errors", sums.errors},
          {"prompt_tokens", sums.prompt_tokens},
          {"cached_tokens", sums.cached_tokens},
          {"completion_tokens", sums.completion_tokens},
          {"without_usage", sums.without_usage},
          {"seconds_mean", sums.timed > 0 ? Json(sums.seconds / static_cast<double>(sums.timed)) : Json(nullptr)}};
}

/// A point for every stretch from the first to the last, those without records too.
Json series_json(const traffic::Series& all, std::size_t points) {
  const traffic::Series series = all.at_most(points);
  Json out{{"width_seconds", series.width_seconds()}, {"points", Json::array()}};
  const auto& stretches = series.stretches();
  if (stretches.empty()) return out;
  for (auto at = stretches.begin()->first; at <= stretches.rbegin()->first; at += series.width_seconds()) {
    const auto found = stretches.find(at);
    Json point = sums_json(found == stretches.end() ? traffic::Sums{} : found->second);
    point["at"] = to_iso8601(from_epoch_seconds(at));
    out["points"].push_back(std::move(point));
  }
  return out;
}

/// `[{name, records}]`, the most frequent first.
Json names_json(const std::map<std::string, std::uint64_t>& counts) {
  std::vector<std::pair<std::string, std::uint64_t>> sorted(counts.begin(), counts.end());
  std::ranges::stable_sort(sorted, [](const auto& a, const auto& b) { return a.second > b.second; });
  Json out = Json::array();
  for (const auto& [name, n] : sorted) out.push_back({{"name", name}, {"records", n}});
  return out;
}

template <class Kind>
std::map<std::string, std::uint64_t> by_name(const std::map<Kind, std::uint64_t>& counts) {
  std::map<std::string, std::uint64_t> out;
  for (const auto& [kind, n] : counts) out[std::string(name_of(kind))] = n;
  return out;
}

Json workload_json(const logstore::WorkloadSummary& of, const traffic::StatisticsKeeper::Snapshot& known,
                   std::size_t points) {
  const auto& statistics = known.statistics;
  return {{"workload_id", *of.workload},
          {"client_id", *of.client},
          {"records", of.records},
          {"oldest", to_iso8601(of.oldest)},
          {"newest", to_iso8601(of.newest)},
          {"is_complete", known.is_complete},
          {"total", sums_json(statistics.total)},
          {"series", series_json(statistics.series, points)},
          {"classes", names_json(statistics.labels)},
          {"models", names_json(statistics.models)},
          {"finish_reasons", names_json(statistics.finish_reasons)},
          {"endings", names_json(by_name(statistics.endings))},
          {"origins", names_json(by_name(statistics.origins))},
          {"variants", names_json(statistics.variants)}};
}

/// The production model as configured: what the traffic's tokens cost.
Json production_json(const runs::ProductionModel& production) {
  Json price = nullptr;
  if (const auto& known = production.price) {
    price = {{"input_per_million", known->input_per_million},
             {"output_per_million", known->output_per_million},
             {"cached_input_per_million",
              known->cached_input_per_million ? Json(*known->cached_input_per_million) : Json(nullptr)}};
  }
  return {{"name", production.name.empty() ? Json(nullptr) : Json(production.name)}, {"price", std::move(price)}};
}

}  // namespace

void StatisticsResource::add_to(net::Router& router) {
  router.on(net::Method::kGet, "/api/statistics", [this](net::Call call) { return get(std::move(call)); });
}

Task<Result<net::Response>> StatisticsResource::get(net::Call call) {
  std::vector<FieldProblem> problems;
  const auto selection = query_selection(call.query, problems);
  const auto points = query_number(call.query, "points", 1, kMostPoints, problems).value_or(120);
  if (!problems.empty()) co_return unprocessable(problems);
  Json workloads = Json::array();
  FW_CO_TRY(co_await run_on(disk_, [&]() -> Status {
    const Instant end = saturating_add(clock_.instant(), kReading);
    FW_ASSIGN(const auto all, log_.workloads());
    for (const auto& each : all) {
      if (selection.workload && each.workload != *selection.workload) continue;
      if (selection.client && each.client != *selection.client) continue;
      FW_ASSIGN(const auto known, keeper_.get(each, std::max(end - clock_.instant(), Duration::zero())));
      workloads.push_back(workload_json(each, known, static_cast<std::size_t>(points)));
    }
    return {};
  }));
  Json body{{"production", production_json(runs_.config().production)}, {"workloads", std::move(workloads)}};
  add_waiting(body, log_, clock_.now());
  co_return answer(200, body);
}

}  // namespace fw::api
