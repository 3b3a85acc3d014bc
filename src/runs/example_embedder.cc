#include "runs/impl/example_embedder.h"

#include "async/run_blocking.h"
#include "base/log.h"

namespace fw::runs {

namespace {

constexpr auto kLastWords = std::chrono::seconds(1);

/// Not one that is tried again: it has been.
Error final_error(const Error& error) {
  return failed_precondition("the embedding model that chooses examples (icl_config): " + error.message);
}

}  // namespace

Task<Status> ExampleEmbedder::start() {
  const auto& model = context_.config().icl.embedding;
  if (!model) co_return Status{};
  if (!model->is_local()) {
    endpoint_ = model->endpoint;
    co_return Status{};
  }
  auto deployed = co_await prepare_and_deploy(context_.dependencies.deployer, {.model = *model, .embeds = true},
                                              context_.deadline, context_.options.deploy_timeout);
  if (!deployed.ok() && context_.deadline.is_over()) co_return deployed.error();
  if (!deployed.ok()) co_return final_error(deployed.error());
  deployment_ = *std::move(deployed);
  endpoint_ = deployment_->endpoint;
  co_return Status{};
}

Task<void> ExampleEmbedder::stop() {
  if (!deployment_) co_return;
  const auto status = co_await context_.dependencies.deployer.undeploy(deployment_->id);
  deployment_.reset();
  if (!status.ok()) {
    log_warning("runs", "the embedding model did not go down",
                {{"job", *context_.record->id()}, {"error", status.error().message}});
  }
}

dataset::Embed ExampleEmbedder::embed() {
  if (!endpoint_) return {};
  return [this](std::span<const std::string> texts, modelops::EmbeddingUse use) { return vectors_of(texts, use); };
}

Result<modelops::Embeddings> ExampleEmbedder::vectors_of(std::span<const std::string> texts,
                                                         modelops::EmbeddingUse use) {
  auto vectors = run_blocking(
      context_.dependencies.embedder.embed(*endpoint_, {texts.begin(), texts.end()}, use, context_.deadline));
  if (vectors.ok() || context_.deadline.is_over()) return vectors;
  return final_error(explained(vectors.error()));
}

/// Where its engine has died, how it did.
Error ExampleEmbedder::explained(Error error) {
  if (!deployment_) return error;
  auto end =
      run_blocking(context_.dependencies.deployer.failure_of(deployment_->id, context_.deadline.within(kLastWords)));
  return end.code == ErrorCode::kUnavailable ? end : error;
}

}  // namespace fw::runs
