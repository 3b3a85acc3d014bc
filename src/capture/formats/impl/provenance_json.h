#pragma once

#include <nlohmann/json.hpp>

#include "capture/formats/format.h"
#include "record/interaction.h"

/// What a log document has under `flywheel` (docs/formats/traffic.md).
namespace fw::capture {

/// Takes it into the draft. kInvalidArgument: the reason. Keys that are not known are passed over.
[[nodiscard]] Status read_provenance(const codec::JsonMember& said, codec::JsonSlicer& slicer, Draft& draft);

/// The record's id and provenance; what has no value is left out.
[[nodiscard]] nlohmann::ordered_json provenance_json(const record::Interaction& record);

}  // namespace fw::capture
