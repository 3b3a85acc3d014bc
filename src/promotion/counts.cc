#include <cmath>
#include <nlohmann/json.hpp>

#include "promotion/canary_watch.h"

namespace fw::promotion {
namespace {

using Json = nlohmann::ordered_json;
using TestState = evals::SequentialMeanTest::State;

Json json_of(const GateTest::State& state) {
  return {{"limit", state.limit},
          {"windows", state.windows},
          {"earlier_count", state.earlier_count},
          {"earlier_sum", state.earlier_sum},
          {"is_failed", state.is_failed},
          {"count", state.test.count},
          {"sum", state.test.sum},
          {"capital", state.test.capital}};
}

GateTest::State state_of(const Json& json) {
  return {.limit = json.at("limit").get<double>(),
          .windows = json.at("windows").get<std::uint64_t>(),
          .earlier_count = json.at("earlier_count").get<std::uint64_t>(),
          .earlier_sum = json.at("earlier_sum").get<double>(),
          .is_failed = json.at("is_failed").get<bool>(),
          .test = {.count = json.at("count").get<std::uint64_t>(),
                   .sum = json.at("sum").get<double>(),
                   .capital = json.at("capital").get<decltype(TestState::capital)>()}};
}

Gates::State gates_of(const Json& json) {
  Gates::State state{.answered = json.at("answered").get<std::uint64_t>(), .tests = {}};
  for (std::size_t i = 0; i < kGates; ++i) {
    const auto found = json.find(name_of(static_cast<Gate>(i)));
    if (found != json.end()) state.tests[i] = state_of(*found);
  }
  return state;
}

}  // namespace

std::string to_json(const CanaryProgress& progress) {
  Json gates = Json::array();
  for (const auto& g : progress.gates) {
    gates.push_back({{"gate", name_of(g.gate)},
                     {"title", title_of(g.gate)},
                     {"count", g.count},
                     {"mean", g.mean},
                     {"limit", g.limit},
                     {"is_failed", g.is_failed}});
  }
  const Json all{{"requests", progress.requests},
                 {"errors", progress.errors},
                 {"missing", progress.missing},
                 {"gates", std::move(gates)}};
  return all.dump();
}

std::string to_json(const Counts& counts) {
  Json all = Json::object();
  for (const auto& [id, state] : counts) {
    Json one{{"answered", state.answered}};
    for (std::size_t i = 0; i < kGates; ++i) {
      if (state.tests[i]) one[std::string(name_of(static_cast<Gate>(i)))] = json_of(*state.tests[i]);
    }
    all[id] = std::move(one);
  }
  return Json{{"version", 1}, {"proposals", std::move(all)}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Counts counts_of(std::string_view text) {
  Counts counts;
  const auto json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("version", 0) != 1 || !json.contains("proposals")) return counts;
  for (const auto& [id, one] : json.at("proposals").items()) {
    try {
      counts.emplace(id, gates_of(one));
    } catch (const Json::exception&) {
      continue;
    }
  }
  return counts;
}

}  // namespace fw::promotion
