#include "app/config/endpoint_survey.h"

#include "async/task_group.h"

namespace fw::app {
namespace {

constexpr std::size_t kAtOnce = 8;

Task<void> ask(net::Client& client, modelops::Endpoint endpoint, Deadline deadline, SurveyedEndpoint& out) {
  out.answer = co_await modelops::check_endpoint(client, std::move(endpoint), modelops::EndpointQuestion::kAlways,
                                                 std::move(deadline));
}

}  // namespace

Task<std::vector<SurveyedEndpoint>> ask_endpoints(runs::RunConfig run, net::Client& client, Deadline deadline) {
  std::vector<SurveyedEndpoint> out;
  std::vector<modelops::Endpoint> endpoints;
  for (const auto& candidate : run.candidates) {
    if (!candidate.model.endpoint) continue;
    out.push_back({.role = "candidate \"" + candidate.model.name + '"'});
    endpoints.push_back(*candidate.model.endpoint);
  }
  if (run.judge) {
    out.push_back({.role = "judge \"" + run.judge->endpoint.model + '"'});
    endpoints.push_back(run.judge->endpoint);
  }
  co_await for_each_bounded(out.size(), kAtOnce, deadline,
                            [&](std::size_t i) { return ask(client, endpoints[i], deadline, out[i]); });
  co_return out;
}

}  // namespace fw::app
