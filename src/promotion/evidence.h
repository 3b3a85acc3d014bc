#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "modelops/deployer.h"
#include "promotion/proposal.h"

namespace fw::promotion {

/// What a finished job's report (docs/formats/report.md) has to promote: the named model and variant, or, where they
/// are empty, the evaluation that its ranking puts first. Workload, client, job, and the digests of the report, the
/// datasets, the base and the adapter; files are read and hashed where they lie, which blocks (300 MB a second).
/// kFailedPrecondition for a job that is not completed or a file that is gone, kNotFound for a model or variant that
/// the report does not have (with those that it has). `as_written`: the report's bytes, which are hashed, where
/// `report` has paths that changed since; empty: there is no such path.
[[nodiscard]] Result<Candidate> candidate_of_report(std::string_view report, const std::string& model,
                                                    const std::string& variant, std::string_view as_written = {});

/// The same, for this machine to serve: with how, and the digests of that (`serving`) and of a chat template that is
/// none of the model's own (`template`). kFailedPrecondition too for a model that was evaluated behind an endpoint.
[[nodiscard]] Result<Candidate> served_candidate_of_report(std::string_view report, const std::string& model,
                                                           const std::string& variant,
                                                           std::string_view as_written = {});

/// What the bytes of a proposed candidate are now: its digests, those of the datasets over the files that lie here, by
/// name and content, and not as the report quotes them. All but `upstream`. Errors as above.
[[nodiscard]] Result<Digests> present_digests(std::string_view report, const Candidate& candidate,
                                              std::string_view as_written = {});

/// Of whom the gateway asks as a candidate.
struct AskedUpstream {
  std::string name;
  std::string url;
  std::string model;  ///< that it is asked for
  /// As they are configured: a value `${NAME}` is that name, so that another key in the variable is no other upstream.
  std::vector<std::pair<std::string, std::string>> headers;
};
/// `upstream` of its name, url and model, and `headers` of those. `secret`: without it nobody tries out from the digest
/// what a header's value is.
[[nodiscard]] Digests digests_of_upstream(const AskedUpstream& upstream, const std::string& secret);

/// What a deployer is asked for. Only of a candidate that this machine serves.
[[nodiscard]] modelops::DeploymentRequest deployment_request(const Candidate& candidate, int parallelism);

}  // namespace fw::promotion
