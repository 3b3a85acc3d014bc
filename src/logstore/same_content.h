#pragma once

#include "record/interaction.h"

namespace fw::logstore {

/// Whether both say the same, however their JSON is written.
[[nodiscard]] bool same_content(const record::Interaction& a, const record::Interaction& b);

}  // namespace fw::logstore
