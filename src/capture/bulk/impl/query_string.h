#pragma once

#include "capture/bulk/impl/json_body.h"

namespace fw::capture::elastic {

/// A query as text in Lucene's syntax, as `q` and `query_string` have it, brought into the query language: terms,
/// `field:term`, "phrases", `*` within terms, AND, OR, NOT, `+`, `-`, parentheses, ranges `[a TO b}` and `>=a`,
/// `_exists_:field`. A term without a field is looked for in workload_id and client_id. `clause` is the object under
/// `query_string`. kInvalidArgument names what is not known: fuzzy terms, expressions, `?`.
[[nodiscard]] Result<Json> query_of_text(const Json& clause);

}  // namespace fw::capture::elastic
