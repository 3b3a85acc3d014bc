#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "trainer/device/device.h"
#include "trainer/packing/token_tree.h"

namespace fw::trainer {

/// The sizes of a packed batch, rounded up so that batches that are nearly alike have the same: what was recorded for
/// one runs for the other.
struct BatchShape {
  std::int64_t tokens = 0;
  std::int64_t gathered = 0;  ///< keys: of every segment those of its path and its own
  std::int64_t segments = 0;
  std::int64_t longest_query = 0;
  std::int64_t longest_key = 0;
  std::int64_t lines = 0;        ///< tokens with a loss
  std::int64_t terms = 0;        ///< of the loss; rows can share a token that has one in each
  bool lines_are_terms = false;  ///< each line has the term of its own number and no other

  friend auto operator<=>(const BatchShape&, const BatchShape&) = default;
};

/// A token tree as a device takes it: arrays of 32 bits behind one another, so that one copy brings them all.
class DeviceBatch final {
 public:
  /// `layers` have seeds of their own for their four inputs.
  DeviceBatch(const TokenTree& tree, std::int64_t layers);

  /// Arrays of `values`, by their offset.
  struct Layout {
    Layout(const BatchShape& shape, std::int64_t layers);
    std::int64_t tokens, positions, first_users, last_users, keys, token_lines, query_starts, key_starts, sources,
        key_positions, line_tokens, line_keys, line_terms, term_lines, targets, scale, seeds, size;
  };

  [[nodiscard]] const BatchShape& shape() const { return shape_; }
  [[nodiscard]] const std::vector<std::int32_t>& values() const { return values_; }
  /// What the gradient of every term is multiplied with.
  void set_scale(float scale);
  /// Four of each layer.
  void set_seeds(const std::vector<std::uint32_t>& seeds);
  /// Of each of the tree's terms: its number here.
  [[nodiscard]] const std::vector<std::int64_t>& term_numbers() const { return term_numbers_; }

 private:
  void lay_segments(const TokenTree& tree, const Layout& at);
  void lay_terms(const TokenTree& tree, const Layout& at);

  BatchShape shape_;
  std::int64_t layers_;
  std::vector<std::int32_t> values_;
  std::vector<std::int64_t> term_numbers_;
};

/// A batch of `shape` whose arrays begin at `values` on the device.
[[nodiscard]] AttentionRows attention_rows(const BatchShape& shape, std::int64_t layers, const std::int32_t* values);

}  // namespace fw::trainer
