#include <algorithm>

#include "capture/bulk/impl/cluster.h"
#include "capture/bulk/impl/index_calls.h"
#include "capture/bulk/impl/record_search.h"
#include "capture/bulk/impl/search.h"
#include "capture/bulk/impl/search_answer.h"

namespace fw::capture::elastic {
namespace {

/// `primaries` and `total` of an index: there is one copy of every document.
Json counts_json(std::uint64_t documents) {
  const Json docs{{"docs", {{"count", documents}, {"deleted", 0}}}};
  return {{"primaries", docs}, {"total", docs}};
}

/// `docs` and `_all` may be asked for; kInvalidArgument names another measure.
Status check_measures(std::string_view names) {
  while (!names.empty()) {
    const auto comma = names.find(',');
    const auto name = names.substr(0, comma);
    names = comma == std::string_view::npos ? std::string_view{} : names.substr(comma + 1);
    if (name != "docs" && name != "_all") {
      return invalid_argument("[" + std::string(name) + "] is not measured by index here; [docs] is");
    }
  }
  return {};
}

}  // namespace

Task<Answer> Search::cat_indices(Call call) {
  co_return co_await on_search_pool([this, &call]() -> Answer {
    const auto names = names_of(call, call.index);
    if (!names.ok()) return no_such_index(call.index);
    std::vector<std::vector<std::string>> rows;
    for (const std::string& name : *names) {
      const std::vector<std::string> one{name};
      const auto count =
          count_records(dependencies_.log, {one, indices_.whole()}, Query(), call.deadline.within(kSearchTime));
      rows.push_back({dependencies_.log.health().ok() ? "green" : "red", "open", name, name, "1", "0",
                      count.ok() ? std::to_string(*count) : "", "0"});
    }
    return table(call, {"health", "status", "index", "uuid", "pri", "rep", "docs.count", "docs.deleted"}, rows);
  });
}

Task<Answer> Search::cat_count(Call call) {
  co_return co_await on_search_pool([this, &call]() -> Answer {
    const auto names = names_of(call, call.index);
    if (!names.ok()) return no_such_index(call.index);
    const auto count =
        count_records(dependencies_.log, {*names, indices_.whole()}, Query(), call.deadline.within(kSearchTime));
    if (!count.ok()) return refusal(count.error());
    const Timestamp now = dependencies_.clock.now();
    return table(call, {"epoch", "timestamp", "count"},
                 {{std::to_string(to_epoch_seconds(now)), to_iso8601(now).substr(11, 8), std::to_string(*count)}});
  });
}

Task<Answer> Search::stats(Call call) {
  co_return co_await on_search_pool([this, &call]() -> Answer {
    Status known = check_parameters(call, {"level", "metric", "forbid_closed_indices", "include_unloaded_segments"});
    if (known.ok()) known = check_measures(call.name.empty() ? call.query.find("metric").value_or("") : call.name);
    if (known.ok() && call.query.find("level") == "shards") known = invalid_argument("[level] shards is not known");
    if (!known.ok()) return refusal(400, "illegal_argument_exception", known.error().message);
    const auto names = names_of(call, call.index);
    if (!names.ok()) return no_such_index(call.index);
    const auto count = [&](const std::vector<std::string>& of) {
      return count_records(dependencies_.log, {of, indices_.whole()}, Query(), call.deadline.within(kSearchTime));
    };
    const auto all = count(*names);
    if (!all.ok()) return refusal(all.error());
    Json indices = Json::object();
    for (const std::string& name : *names) {
      const auto own = names->size() == 1 ? all : count({name});
      if (!own.ok()) return refusal(own.error());
      indices[name] = counts_json(*own);
      indices[name]["uuid"] = name;
    }
    const Json json{{"_shards", {{"total", 1}, {"successful", 1}, {"failed", 0}}},
                    {"_all", counts_json(*all)},
                    {"indices", std::move(indices)}};
    return {.body = to_text(json)};
  });
}

}  // namespace fw::capture::elastic
