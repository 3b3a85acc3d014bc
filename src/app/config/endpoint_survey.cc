#include "app/config/endpoint_survey.h"

#include "async/task_group.h"
#include "modelops/openai/embedder.h"
#include "modelops/openai/endpoint_url.h"

namespace fw::app {
namespace {

constexpr std::size_t kAtOnce = 8;

Task<void> ask(net::Client& client, modelops::Endpoint endpoint, Deadline deadline, SurveyedEndpoint& out) {
  out.answer = co_await modelops::check_endpoint(client, std::move(endpoint), modelops::EndpointQuestion::kAlways,
                                                 std::move(deadline));
}

Task<void> ask_for_vector(net::Client& client, modelops::Endpoint endpoint, Deadline deadline, SurveyedEndpoint& out) {
  const SystemClock clock;
  modelops::OpenAiEmbedder embedder(client, clock);
  const std::string url = modelops::shown_url(endpoint.url);
  const auto answer = co_await embedder.embed(std::move(endpoint), {"a small question"}, modelops::EmbeddingUse::kQuery,
                                              std::move(deadline));
  if (answer.ok()) {
    const auto length = answer->vectors.front().size();
    out.answer = modelops::EndpointAnswer{"gave a vector of " + std::to_string(length) + " numbers", url, {}};
  } else {
    out.answer = answer.error();
  }
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
  if (run.production.endpoint) {
    out.push_back({.role = "production \"" + run.production.endpoint->model + '"'});
    endpoints.push_back(*run.production.endpoint);
  }
  co_await for_each_bounded(out.size(), kAtOnce, deadline,
                            [&](std::size_t i) { return ask(client, endpoints[i], deadline, out[i]); });
  if (run.icl.embedding && run.icl.embedding->endpoint) {
    out.push_back({.role = "embedding model \"" + run.icl.embedding->name + '"'});
    co_await ask_for_vector(client, *run.icl.embedding->endpoint, deadline, out.back());
  }
  co_return out;
}

}  // namespace fw::app
