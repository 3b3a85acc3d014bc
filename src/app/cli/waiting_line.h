#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace fw::app {

/// What an answer of the API says of records that its figures lack (`waiting`), as a sentence; "" where none waits.
[[nodiscard]] std::string waiting_line(const nlohmann::ordered_json& answer);

}  // namespace fw::app
