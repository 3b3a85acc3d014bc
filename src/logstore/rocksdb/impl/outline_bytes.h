#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "record/outline.h"

namespace fw::logstore::layout {

/// Fields as those of provenance, with letters of their own; numbers of 0 and empty texts are left out
/// (docs/formats/log_store.md).
[[nodiscard]] std::string outline_bytes(const record::Outline& outline);

/// kDataLoss for bytes that are no fields, or have none that says when the content expired. Fields of other letters are
/// passed over.
[[nodiscard]] Result<record::Outline> parse_outline(std::string_view bytes);

}  // namespace fw::logstore::layout
