#pragma once

#include <string>
#include <vector>

#include "capture/gateway/settings.h"
#include "promotion/model_host.h"
#include "promotion/proposal.h"

namespace fw::app {

/// How the log names who answers for a proposal.
[[nodiscard]] std::string variant_of(const promotion::Proposal& proposal);

/// Whom the gateway may ask for promoted models, a canary before the live model that it may follow. One that this
/// machine serves brings its upstream along, and is none while its engine is not ready. `secret` is what conversations
/// are drawn with.
[[nodiscard]] std::vector<capture::Promoted> targets_of(const std::vector<promotion::Proposal>& on_traffic,
                                                        const promotion::ModelHost& host, const std::string& secret);

}  // namespace fw::app
