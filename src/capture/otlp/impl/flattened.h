#pragma once

#include <string_view>

#include "capture/otlp/impl/telemetry.h"

namespace fw::capture::otlp {

/// Attributes that spell a structure in their names (`llm.input_messages.0.message.role`) as that structure: what
/// follows `prefix`, steps at dots, lists where the steps are numbers. Null where there are none. Bounded: 65,536
/// values, 16 steps, lists of 4,096.
[[nodiscard]] Json unflattened(const Attributes& attributes, std::string_view prefix);

}  // namespace fw::capture::otlp
