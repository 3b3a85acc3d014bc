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
/// all epochs. What all rows have in common at their beginning is kept once. Held in memory, or in an unlinked file of
/// `folder` above `memory_limit` bytes. Not thread-safe.
class FrozenStates final {
 public:
  struct Options {
    std::uint64_t memory_limit = 0;
    std::filesystem::path folder;
    /// Called after every batch with rows done; false stops with kCancelled.
    std::function<bool(std::size_t)> on_rows;
  };

  [[nodiscard]] static Result<FrozenStates> compute(const ModelWeights& weights,
                                                    std::span<const TrainingRow* const> rows, int layers,
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

  std::int64_t hidden_ = 0;
  std::int64_t common_ = 0;               ///< tokens of the common beginning, which is stored first
  std::vector<std::int64_t> row_offset_;  ///< in tokens, of each row's token `common_`
  std::uint64_t bytes_ = 0;
  float* data_ = nullptr;
};

}  // namespace fw::trainer
