#pragma once

#include <cstddef>

#include "base/result.h"
#include "net/http.h"

namespace fw::net {

/// For a request whose body has not been read: kTooLarge where it announces more than `max_bytes`, so that the client
/// is not asked for what will not be taken.
[[nodiscard]] Status check_announced(const Headers& headers, std::size_t max_bytes);

}  // namespace fw::net
