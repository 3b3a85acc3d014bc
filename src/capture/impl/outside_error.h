#pragma once

#include "base/error.h"

namespace fw::capture {

/// What a client outside is told of an error of the log store or of what stands beside it: its own mistakes and the
/// lack of room as they are; of any trouble of ours that there is some and that it passes (kStorageFull, kUnavailable),
/// not how and where the data lies here. The caller logs that.
[[nodiscard]] Error told_outside(const Error& error);

/// An error of unpacking what a client sent: damage (kDataLoss) is a mistake of the request, which comes no better a
/// second time; others as they are.
[[nodiscard]] Error of_packed_body(const Error& error);

}  // namespace fw::capture
