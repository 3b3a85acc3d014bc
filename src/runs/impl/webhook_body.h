#pragma once

#include <string>
#include <vector>

#include "metastore/meta_store.h"
#include "runs/job.h"
#include "runs/run_config.h"

namespace fw::runs {

/// One delivery for each webhook of the configuration (docs/formats/webhook.md): how the job ended, the models that are
/// worth a person's look according to the report, and where the report is.
[[nodiscard]] std::vector<metastore::Delivery> make_deliveries(const Job& job, const RunConfig& config,
                                                               const std::string& report,
                                                               const std::string& public_url);

}  // namespace fw::runs
