#pragma once

#include <optional>
#include <string>
#include <vector>

#include "capture/bulk/impl/aggregation.h"
#include "capture/bulk/impl/call.h"
#include "capture/bulk/impl/hit_shape.h"
#include "capture/bulk/impl/query.h"
#include "capture/bulk/impl/sort.h"

namespace fw::capture::elastic {

/// A search, checked. A value.
struct SearchRequest {
  static constexpr std::size_t kMostHits = 10'000;  ///< `from` + `size`, as max_result_window

  std::string index;  ///< names and patterns; empty: all
  Query query;
  Sort sort;
  std::size_t from = 0;
  std::size_t size = 10;
  HitShape shape;
  std::size_t count_up_to = kMostHits;  ///< track_total_hits; SIZE_MAX counts all
  bool tells_total = true;
  bool tells_total_as_number = false;
  Aggregations aggregations;
  std::string pit;  ///< the point in time's id
};

/// The search of a body and of the parameters, each of which is known or refused. kInvalidArgument names what is not
/// known.
[[nodiscard]] Result<SearchRequest> parse_search(const Call& call, const Json& body, const Query::Context& context);

/// The body and parameters of searches that only select: `_count`, `_delete_by_query`.
[[nodiscard]] Result<Query> parse_selection(const Call& call, const Json& body, const Query::Context& context);

/// kInvalidArgument names a parameter of the URL that is none of `known`, nor one of those that every request may have.
[[nodiscard]] Status check_parameters(const Call& call, std::initializer_list<std::string_view> known);

}  // namespace fw::capture::elastic
