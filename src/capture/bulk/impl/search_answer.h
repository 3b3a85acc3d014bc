#pragma once

#include <string>
#include <string_view>

#include "capture/bulk/impl/call.h"
#include "capture/bulk/impl/json_body.h"

namespace fw::capture::elastic {

constexpr std::size_t kMostSearchBody = std::size_t{16} << 20;
constexpr Duration kSearchTime = std::chrono::seconds(60);
constexpr std::string_view kSearchShards = R"("_shards":{"total":1,"successful":1,"skipped":0,"failed":0})";

/// The body of a call that reads; an empty one is an empty object.
[[nodiscard]] Result<Json> search_body_of(const Call& call);
/// What cannot be parsed, in the dialect's words.
[[nodiscard]] Answer not_parsed(const Error& error);

}  // namespace fw::capture::elastic
