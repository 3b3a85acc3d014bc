#pragma once

#include <string>
#include <vector>

#include "async/deadline.h"
#include "async/task.h"
#include "base/result.h"
#include "modelops/model.h"

namespace fw::modelops {

/// What a vector is for: some models put questions and what is searched into the same space by different ways.
enum class EmbeddingUse { kQuery, kPassage };

struct Embeddings {
  /// One for each text, in their order, all of one length, of finite numbers.
  std::vector<std::vector<float>> vectors;
  std::vector<std::size_t> cut = {};  ///< indices of the texts that the model has seen only the beginning of
};

/// Turns texts into vectors whose cosine tells how much they have to do with one another.
class Embedder {
 public:
  virtual ~Embedder() = default;

  /// Texts are cut to what the endpoint takes where that is known (Endpoint::input_tokens); elsewhere its server cuts
  /// or refuses them.
  [[nodiscard]] virtual Task<Result<Embeddings>> embed(Endpoint endpoint, std::vector<std::string> texts,
                                                       EmbeddingUse use, Deadline deadline) = 0;
};

}  // namespace fw::modelops
