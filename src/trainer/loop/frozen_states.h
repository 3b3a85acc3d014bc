#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "trainer/model/model.h"

namespace fw::trainer {

/// Hidden states of every row before the first trained layer: what lies below never changes, so it is computed once for
/// all epochs. What rows have in common at their beginning is kept once: they are stored as the token tree of all rows.
/// Held in memory, or in an unlinked file of `folder` above `memory_limit` bytes. Not thread-safe.
class FrozenStates final {
 public:
  struct Options {
    std::uint64_t memory_limit = 0;
    std::filesystem::path folder;
    /// Called after every batch with rows done; false stops with kCancelled.
    std::function<bool(std::size_t)> on_rows;
  };

  /// kResourceExhausted when there is no room for them; they can be computed anew in each pass then.
  [[nodiscard]] static Result<FrozenStates> compute(const ModelWeights& weights,
                                                    std::span<const TrainingRow* const> rows, int layers,
                                                    const Options& options);
  /// `run` computes the states of a packed batch, fp32 [tokens, hidden].
  [[nodiscard]] static Result<FrozenStates> compute(std::int64_t hidden, std::span<const TrainingRow* const> rows,
                                                    const std::function<at::Tensor(const TokenTree&)>& run,
                                                    const Options& options);
  ~FrozenStates();
  FrozenStates(FrozenStates&&) noexcept;
  FrozenStates& operator=(FrozenStates&&) noexcept;

  /// The states of a packed batch [tokens, hidden]; `row_numbers` maps the tree's rows to the rows of compute().
  [[nodiscard]] at::Tensor gather(const TokenTree& tree, std::span<const std::size_t> row_numbers) const;

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  FrozenStates() = default;
  [[nodiscard]] Status allocate(const Options& options);
  [[nodiscard]] float* at(std::size_t row, std::int64_t position) const;

  /// A run of a row's tokens as they are stored.
  struct Run {
    std::int64_t position = 0;  ///< of its first token in the row
    std::int64_t start = 0;     ///< where that is stored, in tokens
  };

  std::int64_t hidden_ = 0;
  std::vector<std::vector<Run>> runs_;  ///< per row, in order of position
  std::uint64_t bytes_ = 0;
  float* data_ = nullptr;
};

}  // namespace fw::trainer
