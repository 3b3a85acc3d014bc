#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
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

/// An upstream that is elsewhere by now is another than the one that was signed: no request goes to it.
struct SplitByUpstream {
  std::vector<promotion::Proposal> as_signed;
  std::vector<capture::Unrouted> elsewhere;
};
/// `digest_of`: what a candidate's upstream is now; nothing where there is none.
[[nodiscard]] SplitByUpstream split_by_upstream(
    const std::vector<promotion::Proposal>& on_traffic,
    const std::function<std::optional<std::string>(const promotion::Candidate&)>& digest_of);

/// In the Prometheus text format (0.0.4).
void write_unrouted(std::ostream& out, const std::vector<promotion::Proposal>& on_traffic,
                    const std::vector<capture::Unrouted>& unrouted);

}  // namespace fw::app
