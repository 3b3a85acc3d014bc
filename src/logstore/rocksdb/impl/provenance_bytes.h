#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "record/provenance.h"

namespace fw::logstore::layout {

/// Fields of a letter, a size and bytes, in a fixed order; those that have the default are left out
/// (docs/formats/log_store.md). Nothing for a provenance that says nothing.
[[nodiscard]] std::string provenance_bytes(const record::Provenance& provenance);

/// kDataLoss for bytes that are no fields. Fields of letters that are not known here are passed over.
[[nodiscard]] Result<record::Provenance> parse_provenance(std::string_view bytes);

}  // namespace fw::logstore::layout
