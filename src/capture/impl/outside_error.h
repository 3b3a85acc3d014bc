#pragma once

#include "base/error.h"

namespace fw::capture {

/// What a client outside is told of an error of the log store or of what stands beside it: its own mistakes and the
/// lack of room as they are; of any trouble of ours that there is some and that it passes (kStorageFull, kUnavailable),
/// not how and where the data lies here. The caller logs that.
[[nodiscard]] Error told_outside(const Error& error);

}  // namespace fw::capture
