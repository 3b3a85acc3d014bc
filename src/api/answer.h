#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "net/http.h"

namespace fw::api {

/// Without blanks; what is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string dump(const nlohmann::ordered_json& json);

[[nodiscard]] net::Response answer(int status, const nlohmann::ordered_json& body);

}  // namespace fw::api
