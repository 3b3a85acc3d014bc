#pragma once

#include <string>

#include "record/interaction.h"

namespace fw::capture {

/// The record as a log document (docs/formats/traffic.md), with all that is known of it under `flywheel`. Request and
/// response go in byte for byte. Loading it gives the same record again, its id included.
[[nodiscard]] std::string to_log_document(const record::Interaction& record);

}  // namespace fw::capture
