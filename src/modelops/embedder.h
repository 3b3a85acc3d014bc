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

/// Turns texts into vectors whose cosine tells how much they have to do with one another.
class Embedder {
 public:
  virtual ~Embedder() = default;

  /// One vector for each text, in their order, all of one length, of finite numbers.
  [[nodiscard]] virtual Task<Result<std::vector<std::vector<float>>>> embed(Endpoint endpoint,
                                                                            std::vector<std::string> texts,
                                                                            EmbeddingUse use, Deadline deadline) = 0;
};

}  // namespace fw::modelops
