#pragma once

#include <string>

#include "record/interaction.h"

namespace fw::capture {

enum class Contents {
  kWhole,  ///< request and response, byte for byte
  kNone,   ///< what is known beside them alone
};

/// The record as a log document (docs/formats/traffic.md), with all that is known of it under `flywheel`. Loading a
/// whole one gives the same record again, its id included.
[[nodiscard]] std::string to_log_document(const record::Interaction& record, Contents contents = Contents::kWhole);

}  // namespace fw::capture
