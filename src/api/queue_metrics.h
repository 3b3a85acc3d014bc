#pragma once

#include <iosfwd>
#include <vector>

#include "async/pool.h"
#include "capture/committer/committer.h"

namespace fw::api {

/// Gauges and counters of every place where work waits, in the Prometheus text format.
void write_queues(std::ostream& out, const std::vector<const Pool*>& pools, const capture::Committer& committer);

}  // namespace fw::api
