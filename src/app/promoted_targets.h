#pragma once

#include <filesystem>
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

/// Of whom a gateway with these upstreams asks for a candidate; nothing where it has no such upstream.
[[nodiscard]] std::optional<promotion::Digests> digests_of_asked(
    const std::vector<capture::UpstreamSettings>& upstreams, const promotion::Candidate& candidate,
    const std::string& secret);

/// What this machine serves of a candidate that it serves, its files where they lie now: a data folder may have been
/// moved since they were written down. Looks at the disk.
[[nodiscard]] promotion::ServedModel present_files(const promotion::Candidate& candidate,
                                                   const std::filesystem::path& data);

/// An upstream that is elsewhere by now, or asked with other headers, is another than the one that was signed: no
/// request goes to it.
struct SplitByUpstream {
  std::vector<promotion::Proposal> as_signed;
  std::vector<capture::Unrouted> elsewhere;
};
/// `digests_of`: what a candidate's upstream is now; nothing where there is none. Of these, what a candidate names has
/// to be as it was.
[[nodiscard]] SplitByUpstream split_by_upstream(
    const std::vector<promotion::Proposal>& on_traffic,
    const std::function<std::optional<promotion::Digests>(const promotion::Candidate&)>& digests_of);

/// In the Prometheus text format (0.0.4).
void write_unrouted(std::ostream& out, const std::vector<promotion::Proposal>& on_traffic,
                    const std::vector<capture::Unrouted>& unrouted);

}  // namespace fw::app
