#pragma once

#include "async/pool.h"
#include "net/http.h"

namespace fw::net {

/// Whether the client takes gzip: it names it, or all codings, and not with a weight of 0 (RFC 9110, 12.5.3).
[[nodiscard]] bool takes_gzip(const Headers& request);

/// Makes the body gzip where the client takes that, the body is a text of more than a kilobyte and has no coding yet;
/// what can be had so or otherwise says so (`Vary`). Large bodies are packed on `pool`, so that no event loop waits.
[[nodiscard]] Task<Response> compressed(Response response, bool takes_gzip, Pool& pool);

}  // namespace fw::net
