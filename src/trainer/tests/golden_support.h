#pragma once

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "modelfile/safetensors.h"
#include "trainer/model/model.h"

namespace fw::trainer {

/// Recorded vectors: FLYWHEEL_GOLDEN_DIR, or tests/golden of the source tree.
std::filesystem::path golden_folder();

/// Names of the folders below `parent`, sorted.
std::vector<std::string> folders_in(const std::filesystem::path& parent);

/// A safetensors file whose tensors are read by name; a missing one fails the test.
class Vectors {
 public:
  explicit Vectors(const std::filesystem::path& file);
  [[nodiscard]] bool has(const std::string& name) const { return file_.find(name) != nullptr; }
  [[nodiscard]] at::Tensor floats(const std::string& name) const;
  [[nodiscard]] at::Tensor integers(const std::string& name) const;

 private:
  modelfile::SafetensorsFile file_;
};

ModelWeights load_or_throw(const std::filesystem::path& model);

/// Rows of right-padded ids and mask, each with one more token that is never looked at, so that every real one is an
/// input.
std::vector<TrainingRow> rows_of(const at::Tensor& ids, const at::Tensor& mask);

/// Logits [tokens, vocab] of each row by the packed path.
std::vector<at::Tensor> packed_logits(const ModelWeights& weights, const Adapter* adapter,
                                      const std::vector<TrainingRow>& rows,
                                      std::int64_t shortest_shared = kShortestSharedBeginning);

double largest_difference(const at::Tensor& a, const at::Tensor& b);

}  // namespace fw::trainer
