#pragma once

#include <string_view>

#include "net/router.h"

namespace fw::api {

/// The OpenAPI 3.1 document of this API (src/api/openapi.json, compiled in).
[[nodiscard]] std::string_view openapi_document();

/// `/openapi.json`.
void add_openapi(net::Router& router);

}  // namespace fw::api
