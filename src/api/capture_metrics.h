#pragma once

#include <ostream>

#include "capture/committer/committer.h"

namespace fw::api {

/// What stands between the ways in and the log store, in the Prometheus text format.
void write_capture_metrics(std::ostream& out, const capture::CommitterStats& stats);

}  // namespace fw::api
