#pragma once

#include "base/clock.h"
#include "record/interaction.h"
#include "traffic/exchange.h"

namespace fw::traffic {

/// The interaction without its content, which has expired now: figures that are made of it stay what they were. Names
/// of models stand in its provenance then. Of texts that a model wrote names of tools and the reason of the end are
/// kept where they look like names: letters, digits and `_-.:/`, at most 128; another tool is `(other)`.
[[nodiscard]] record::Interaction outlined(const record::Interaction& interaction, Timestamp now,
                                           ExchangeReader& reader);

}  // namespace fw::traffic
