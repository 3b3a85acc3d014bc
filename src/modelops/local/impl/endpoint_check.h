#pragma once

#include "async/task.h"
#include "modelops/model.h"
#include "net/client.h"

namespace fw::modelops {

/// Whether an OpenAI-compatible server stands behind the endpoint and takes our key: `GET <url>/models` answers JSON,
/// or that it has no such resource (some servers do not).
[[nodiscard]] Task<Status> check_endpoint(net::Client& client, Endpoint endpoint, Deadline deadline);

}  // namespace fw::modelops
