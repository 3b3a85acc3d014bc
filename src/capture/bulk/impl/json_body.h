#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fw::capture::elastic {

using Json = nlohmann::ordered_json;

/// A JSON object of a client, not nested deeply; an empty text is an empty object. kInvalidArgument otherwise.
[[nodiscard]] Result<Json> parse_object(std::string_view text);

/// As text; what is not UTF-8 is replaced.
[[nodiscard]] std::string to_text(const Json& json);

/// What `filter_path` leaves of an answer: a comma-separated list of paths whose steps may have `*` for any part of a
/// name and be `**` for any number of steps; a path that begins with `-` takes away. Lists count as what they hold.
[[nodiscard]] Json filtered(const Json& answer, std::string_view filter_path);

}  // namespace fw::capture::elastic
