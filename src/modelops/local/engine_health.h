#pragma once

#include "async/task.h"
#include "modelops/model.h"
#include "net/client.h"

namespace fw::modelops {

/// Success where the llama-server behind an endpoint of LocalDeployer answers `GET /health` before the deadline, which
/// takes none of its slots: one that has much to do answers it. kDeadlineExceeded: it is alive at most.
[[nodiscard]] Task<Status> check_engine_health(net::Client& client, Endpoint endpoint, Deadline deadline);

}  // namespace fw::modelops
