#pragma once

#include <optional>
#include <span>
#include <string>

#include "dataset/builder.h"
#include "runs/impl/run_context.h"

namespace fw::runs {

/// The embedding model that chooses examples (`icl_config`), for as long as datasets are made: one behind a url as it
/// is, one with a path served here between start() and stop(). Without one, everything here does nothing. The context
/// outlives it.
class ExampleEmbedder final {
 public:
  explicit ExampleEmbedder(RunContext& context) : context_(context) {}
  ExampleEmbedder(const ExampleEmbedder&) = delete;
  ExampleEmbedder& operator=(const ExampleEmbedder&) = delete;

  /// Nothing is up after an error.
  [[nodiscard]] Task<Status> start();
  /// Waits until it is down.
  [[nodiscard]] Task<void> stop();

  /// What a build asks; absent where words choose. Blocks its caller. It has been asked several times when an error
  /// comes: the stage, which waits for a log store that is away, does not ask again.
  [[nodiscard]] dataset::Embed embed();
  /// For people; empty for one behind a url.
  [[nodiscard]] std::string description() const { return deployment_ ? deployment_->description : std::string(); }

 private:
  [[nodiscard]] Result<modelops::Embeddings> vectors_of(std::span<const std::string> texts, modelops::EmbeddingUse use);
  [[nodiscard]] Error explained(Error error);

  RunContext& context_;
  std::optional<modelops::Endpoint> endpoint_;
  std::optional<modelops::Deployment> deployment_;
};

}  // namespace fw::runs
