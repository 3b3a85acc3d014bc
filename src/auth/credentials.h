#pragma once

#include <optional>
#include <string>

#include "net/http.h"

namespace fw::auth {

/// The secret that a request bears, from the first header that has one: `x-flywheel-key`; `Authorization` as
/// `Bearer KEY`, as `ApiKey` with base64 of `id:secret` (what clients of Elasticsearch send) or with the key itself, as
/// `Basic` with the key for a password; `x-api-key` and `api-key`, which clients of other providers send. A header that
/// holds something else is none of ours: it may be the upstream's.
[[nodiscard]] std::optional<std::string> secret_in(const net::Headers& headers);

/// Takes every secret of ours out of a request, so that none travels on.
void remove_secrets(net::Headers& headers);

}  // namespace fw::auth
