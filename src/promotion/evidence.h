#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "promotion/proposal.h"

namespace fw::promotion {

/// What a finished job's report (docs/formats/report.md) has to promote: the named model and variant, or, where they
/// are empty, the evaluation that its ranking puts first. Workload, client, job, and the digests of the report, the
/// datasets, the base and the adapter; files are read and hashed where they lie, which blocks (300 MB a second).
/// kFailedPrecondition for a job that is not completed or a file that is gone, kNotFound for a model or variant that
/// the report does not have (with those that it has).
[[nodiscard]] Result<Candidate> candidate_of_report(std::string_view report, const std::string& model,
                                                    const std::string& variant);

}  // namespace fw::promotion
