#pragma once

#include <string>
#include <vector>

#include "async/task.h"
#include "base/clock.h"
#include "modelops/model.h"
#include "modelops/openai/credentials.h"
#include "net/client.h"

namespace fw::modelops {

/// How thoroughly an endpoint is checked.
enum class EndpointQuestion {
  kAsNeeded,  ///< its list of models will do; where it has none or keeps it, a small question
  kAlways,    ///< a small question: costs a few tokens, and proves key, address and model
};

/// What a check found.
struct EndpointAnswer {
  std::string what;                ///< `listed its models`, `answered a small question`
  std::string url;                 ///< where, as it may be shown
  std::vector<std::string> notes;  ///< ChatEndpoint::notes
};

/// Whether an OpenAI-compatible server stands behind the endpoint, takes our key and, where it is asked, answers for
/// the model. Many servers have no list of models, and some keys may not see it: whatever `GET .../models` answers but
/// a list, the small question decides. Errors say the cause and what to change: the host, the port, the certificate,
/// the key's variable, the addresses that were tried, the model's name.
[[nodiscard]] Task<Result<EndpointAnswer>> check_endpoint(net::Client& client, Endpoint endpoint,
                                                          EndpointQuestion question, Deadline deadline,
                                                          Variables variables = process_variables());

}  // namespace fw::modelops
