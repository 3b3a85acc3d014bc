#pragma once

#include <cstdint>
#include <vector>

#include "trainer/model/precision.h"
#include "trainer/packing/token_tree.h"

namespace fw::trainer {

struct AttentionShape {
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t window = 0;  ///< 0: every earlier token is seen
  double scale = 0;         ///< of scores; 0: 1 / sqrt(head_dim)
  double cap = 0;           ///< scaled scores s become cap * tanh(s / cap); 0: they stay

  [[nodiscard]] std::int64_t group() const { return heads / kv_heads; }
  [[nodiscard]] std::int64_t width() const { return (heads + 2 * kv_heads) * head_dim; }
};

/// How attention over a token tree is cut into tiles, and which thread does which: decided by sizes alone, so that sums
/// come out the same every time.
class AttentionPlan final {
 public:
  AttentionPlan(const TokenTree& tree, AttentionShape shape, int threads);

  /// Queries [begin, end) of one segment against everything they see: the columns of the score tile are the positions
  /// 0 .. position(end - 1), gathered from the segments on the path.
  struct Tile {
    std::int64_t begin = 0;  ///< token index
    std::int64_t end = 0;
    std::int64_t position = 0;  ///< of token `begin`
    int segment = 0;
    std::int64_t kv_head = 0;
  };
  /// A run of tokens that hold consecutive positions.
  struct Piece {
    std::int64_t start = 0;  ///< token index
    std::int64_t length = 0;
    std::int64_t column = 0;
  };

  [[nodiscard]] const AttentionShape& shape() const { return shape_; }
  [[nodiscard]] std::int64_t tokens() const { return tokens_; }
  [[nodiscard]] int bins() const { return static_cast<int>(bins_.size()); }
  [[nodiscard]] const std::vector<Tile>& bin(int index) const { return bins_[static_cast<std::size_t>(index)]; }
  [[nodiscard]] std::vector<Piece> pieces(const Tile& tile) const;

 private:
  AttentionShape shape_;
  std::int64_t tokens_;
  std::vector<TokenTree::Segment> segments_;
  std::vector<std::vector<Tile>> bins_;
};

/// Buffers of one layer: q [kv_heads, tokens * group, head_dim] (a token's query heads side by side), k and v
/// [kv_heads, tokens, head_dim], q and k rotated; out [tokens, heads * head_dim]; log_sum [kv_heads, tokens * group].
struct AttentionBuffers {
  const float* q;
  const float* k;
  const float* v;
  float* out;
  float* log_sum;
  Precision precision = Precision::kFp32;  ///< of the factors of its products
};
void attend(const AttentionPlan& plan, const AttentionBuffers& buffers);

struct AttentionGradients {
  const float* d_out;  ///< [tokens, heads * head_dim]
  float* dq;           ///< as q; need not be initialised
  float* dk;           ///< as k; overwritten
  float* dv;           ///< as v; overwritten
};
/// Computes the probabilities again from log_sum instead of keeping them.
void attend_backward(const AttentionPlan& plan, const AttentionBuffers& buffers, const AttentionGradients& gradients);

}  // namespace fw::trainer
