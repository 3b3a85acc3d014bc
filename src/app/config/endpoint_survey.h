#pragma once

#include <string>
#include <vector>

#include "async/task.h"
#include "modelops/openai/endpoint_check.h"
#include "net/client.h"
#include "runs/run_config.h"

namespace fw::app {

/// What one endpoint of a configuration answered.
struct SurveyedEndpoint {
  std::string role;  ///< `candidate "small"`, `judge "large"`
  Result<modelops::EndpointAnswer> answer = internal("not asked");
};

/// Asks every endpoint of candidates, judge and production a small question, all at once, then the embedding model for
/// a vector; in the file's order, the candidates first. Costs each of them a few tokens.
[[nodiscard]] Task<std::vector<SurveyedEndpoint>> ask_endpoints(runs::RunConfig run, net::Client& client,
                                                                Deadline deadline);

}  // namespace fw::app
