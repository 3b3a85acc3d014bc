#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/request_body.h"
#include "base/clock.h"
#include "logstore/log_store.h"
#include "net/url.h"
#include "traffic/search.h"

namespace fw::api {

/// A whole number of the query between `least` and `most`; absent, or a problem.
[[nodiscard]] std::optional<std::int64_t> query_number(const net::QueryParams& query, const char* name,
                                                       std::int64_t least, std::int64_t most,
                                                       std::vector<FieldProblem>& problems);
/// The text under a name; empty when absent.
[[nodiscard]] std::string query_text(const net::QueryParams& query, const char* name);

/// `workload_id`, `client_id`, `from` and `to` (times in any form that traffic may have) as a selection.
[[nodiscard]] logstore::Selection query_selection(const net::QueryParams& query, std::vector<FieldProblem>& problems);

/// What `GET /api/traffic` filters by beside these.
[[nodiscard]] traffic::Filter query_filter(const net::QueryParams& query, std::vector<FieldProblem>& problems);

}  // namespace fw::api
