#pragma once

#include <optional>
#include <string>
#include <vector>

#include "capture/bulk/impl/aggregation.h"
#include "capture/bulk/impl/call.h"
#include "capture/bulk/impl/query.h"
#include "capture/bulk/impl/source_filter.h"

namespace fw::capture::elastic {

/// A search, checked. A value.
struct SearchRequest {
  static constexpr std::size_t kMostHits = 10'000;  ///< `from` + `size`, as max_result_window

  std::string index;  ///< names and patterns; empty: all
  Query query;
  logstore::Order order = logstore::Order::kOldestFirst;
  bool sorts_by_time = false;  ///< hits carry the time as their first sort value
  bool breaks_ties = false;    ///< and their id, or it alone
  std::size_t from = 0;
  std::size_t size = 10;
  std::optional<std::int64_t> after_ms;  ///< search_after
  std::optional<std::string> after_id;
  SourceFilter source;
  std::size_t count_up_to = kMostHits;  ///< track_total_hits; SIZE_MAX counts all
  bool tells_total = true;
  Aggregations aggregations;
  std::string pit;  ///< the point in time's id
};

/// The search of a body and of the parameters `q` (refused), `size`, `from`, `sort`, `_source*`, `track_total_hits`.
/// kInvalidArgument names what is not known.
[[nodiscard]] Result<SearchRequest> parse_search(const Call& call, const Json& body, const Query::Context& context);

/// The body alone of searches that only select: `_count`, `_delete_by_query`.
[[nodiscard]] Result<Query> parse_selection(const Call& call, const Json& body, const Query::Context& context);

}  // namespace fw::capture::elastic
