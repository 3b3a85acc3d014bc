#include "trainer/model/tree_attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <tuple>

#include "trainer/model/gemm.h"
#include "trainer/model/kernels.h"
#include "trainer/model/parallel.h"

namespace fw::trainer {
namespace {

// A tile of scores should stay in a core's second-level cache with what is computed from it.
constexpr std::int64_t kTileFloats = 96 * 1024;
constexpr std::int64_t kSmallestBlock = 16;
// Floats of a sum below which a second thread does not pay.
constexpr std::int64_t kSumGrain = 1 << 14;

std::int64_t cost_of(const AttentionPlan::Tile& tile) {
  return (tile.end - tile.begin) * (tile.position + tile.end - tile.begin);
}

std::size_t size(std::int64_t value) { return static_cast<std::size_t>(value); }

// What one tile works on, and the loops that forward and backward share.
class TileWork {
 public:
  TileWork(const AttentionPlan& plan, const AttentionPlan::Tile& tile, const AttentionBuffers& buffers)
      : shape_(plan.shape()),
        tile_(tile),
        pieces_(plan.pieces(tile)),
        rows_((tile.end - tile.begin) * shape_.group()),
        columns_(tile.position + tile.end - tile.begin),
        scale_(shape_.scale > 0 ? static_cast<float>(shape_.scale)
                                : 1.0F / std::sqrt(static_cast<float>(shape_.head_dim))),
        cap_(static_cast<float>(shape_.cap)),
        q_(buffers.q + (tile.kv_head * plan.tokens() + tile.begin) * shape_.group() * shape_.head_dim),
        k_(buffers.k + tile.kv_head * plan.tokens() * shape_.head_dim),
        v_(buffers.v + tile.kv_head * plan.tokens() * shape_.head_dim),
        log_sum_(buffers.log_sum + (tile.kv_head * plan.tokens() + tile.begin) * shape_.group()),
        precision_(buffers.precision) {}

  [[nodiscard]] std::int64_t rows() const { return rows_; }
  [[nodiscard]] std::int64_t columns() const { return columns_; }
  [[nodiscard]] const std::vector<AttentionPlan::Piece>& pieces() const { return pieces_; }
  [[nodiscard]] const float* q() const { return q_; }
  [[nodiscard]] const float* k_of(const AttentionPlan::Piece& piece) const {
    return k_ + piece.start * shape_.head_dim;
  }
  [[nodiscard]] const float* v_of(const AttentionPlan::Piece& piece) const {
    return v_ + piece.start * shape_.head_dim;
  }

  // c = a b + beta * c on this thread.
  void multiply(std::int64_t m, std::int64_t n, std::int64_t k, Operand<float> a, Operand<float> b, float beta,
                float* c, std::int64_t c_stride) const {
    if (precision_ == Precision::kBf16) return gemm_bf16(m, n, k, 1, a, b, beta, c, c_stride);
    gemm(m, n, k, 1, a, b, beta, c, c_stride);
  }

  // scores = left keys^T, piece by piece.
  template <class Keys>
  void multiply_keys(const float* left, Keys keys, float* scores) const {
    for (const auto& piece : pieces_)
      multiply(rows_, piece.length, shape_.head_dim, plain(left, shape_.head_dim),
               transposed((this->*keys)(piece), shape_.head_dim), 0, scores + piece.column, columns_);
  }

  void softmax(float* scores) const {
    if (cap_ > 0) kernels::soft_cap(scores, rows_ * columns_, scale_, cap_);
    for_rows([&](std::int64_t row, std::int64_t low, std::int64_t high) {
      log_sum_[row] = kernels::softmax_row(scores + row * columns_, low, high, columns_, cap_ > 0 ? 1 : scale_);
    });
  }
  // `slopes` is filled with the cap's derivative, where there is one.
  void softmax_again(float* scores, std::vector<float>& slopes) const {
    if (cap_ > 0) {
      slopes.resize(std::max(slopes.size(), size(rows_ * columns_)));
      kernels::soft_cap(scores, rows_ * columns_, scale_, cap_);
      kernels::soft_cap_slopes(scores, rows_ * columns_, cap_, slopes.data());
    }
    for_rows([&](std::int64_t row, std::int64_t low, std::int64_t high) {
      kernels::softmax_row_again(scores + row * columns_, low, high, columns_, cap_ > 0 ? 1 : scale_, log_sum_[row]);
    });
  }
  [[nodiscard]] float scale() const { return scale_; }
  [[nodiscard]] bool is_capped() const { return cap_ > 0; }

  // Rows of the tile lie token by token, a token's heads together; rows of `out` hold all heads of a token.
  void scatter(const float* rows, float* out) const {
    copy_heads([&](std::int64_t row, std::int64_t target, std::size_t bytes) {
      std::memcpy(out + target, rows + row * shape_.head_dim, bytes);
    });
  }
  void gather(const float* out, float* rows) const {
    copy_heads([&](std::int64_t row, std::int64_t target, std::size_t bytes) {
      std::memcpy(rows + row * shape_.head_dim, out + target, bytes);
    });
  }

 private:
  template <class Fn>
  void for_rows(Fn fn) const {
    for (std::int64_t row = 0; row < rows_; ++row) {
      const std::int64_t high = tile_.position + row / shape_.group() + 1;
      const std::int64_t low = shape_.window > 0 ? std::max<std::int64_t>(0, high - shape_.window) : 0;
      fn(row, low, high);
    }
  }

  template <class Fn>
  void copy_heads(Fn fn) const {
    for (std::int64_t row = 0; row < rows_; ++row) {
      const std::int64_t token = tile_.begin + row / shape_.group();
      const std::int64_t head = tile_.kv_head * shape_.group() + row % shape_.group();
      fn(row, (token * shape_.heads + head) * shape_.head_dim, size(shape_.head_dim) * sizeof(float));
    }
  }

  const AttentionShape& shape_;
  const AttentionPlan::Tile& tile_;
  std::vector<AttentionPlan::Piece> pieces_;
  std::int64_t rows_;
  std::int64_t columns_;
  float scale_;
  float cap_;
  const float* q_;
  const float* k_;
  const float* v_;
  float* log_sum_;
  Precision precision_;
};

void attend_tile(const TileWork& work, std::int64_t head_dim, float* out, std::vector<float>& scores,
                 std::vector<float>& rows) {
  scores.resize(std::max(scores.size(), size(work.rows() * work.columns())));
  rows.resize(std::max(rows.size(), size(work.rows() * head_dim)));
  work.multiply_keys(work.q(), &TileWork::k_of, scores.data());
  work.softmax(scores.data());
  float beta = 0;
  for (const auto& piece : work.pieces()) {
    work.multiply(work.rows(), head_dim, piece.length, plain(scores.data() + piece.column, work.columns()),
                  plain(work.v_of(piece), head_dim), beta, rows.data(), head_dim);
    beta = 1;
  }
  work.scatter(rows.data(), out);
}

struct BackwardScratch {
  std::vector<float> p, dp, d_rows, out_rows, slopes;
};

// dq of the tile, and what it adds to dk and dv (of its key-and-value head, all tokens).
void attend_tile_backward(const TileWork& work, std::int64_t head_dim, const float* out, const float* d_out, float* dq,
                          float* dk, float* dv, BackwardScratch& s) {
  const std::int64_t rows = work.rows(), columns = work.columns();
  s.p.resize(std::max(s.p.size(), size(rows * columns)));
  s.dp.resize(std::max(s.dp.size(), size(rows * columns)));
  s.d_rows.resize(std::max(s.d_rows.size(), size(rows * head_dim)));
  s.out_rows.resize(std::max(s.out_rows.size(), size(rows * head_dim)));
  work.gather(d_out, s.d_rows.data());
  work.gather(out, s.out_rows.data());
  work.multiply_keys(work.q(), &TileWork::k_of, s.p.data());
  work.softmax_again(s.p.data(), s.slopes);
  work.multiply_keys(s.d_rows.data(), &TileWork::v_of, s.dp.data());
  for (const auto& piece : work.pieces())
    work.multiply(piece.length, head_dim, rows, transposed(s.p.data() + piece.column, columns),
                  plain(s.d_rows.data(), head_dim), 1, dv + piece.start * head_dim, head_dim);
  for (std::int64_t row = 0; row < rows; ++row) {
    const float delta = kernels::dot(s.d_rows.data() + row * head_dim, s.out_rows.data() + row * head_dim, head_dim);
    kernels::softmax_row_backward(s.p.data() + row * columns, s.dp.data() + row * columns, columns, delta,
                                  work.scale());
  }
  if (work.is_capped()) kernels::multiply(s.dp.data(), s.slopes.data(), rows * columns);
  float beta = 0;
  for (const auto& piece : work.pieces()) {
    const float* ds = s.dp.data() + piece.column;
    work.multiply(rows, head_dim, piece.length, plain(ds, columns), plain(work.k_of(piece), head_dim), beta, dq,
                  head_dim);
    work.multiply(piece.length, head_dim, rows, transposed(ds, columns), plain(work.q(), head_dim), 1,
                  dk + piece.start * head_dim, head_dim);
    beta = 1;
  }
}

}  // namespace

AttentionPlan::AttentionPlan(const TokenTree& tree, AttentionShape shape, int threads)
    : shape_(shape),
      tokens_(static_cast<std::int64_t>(tree.tokens.size())),
      segments_(tree.segments),
      bins_(size(std::max(threads, 1))) {
  std::vector<Tile> tiles;
  for (std::size_t s = 0; s < segments_.size(); ++s) {
    const auto& segment = segments_[s];
    const std::int64_t widest = segment.position + segment.length;
    const std::int64_t block = std::max(kSmallestBlock, kTileFloats / (widest * shape_.group()));
    const std::int64_t blocks = (segment.length + block - 1) / block;
    for (std::int64_t b = 0; b < blocks; ++b) {
      const std::int64_t begin = segment.length * b / blocks;
      const std::int64_t end = segment.length * (b + 1) / blocks;
      for (std::int64_t head = 0; head < shape_.kv_heads; ++head)
        tiles.push_back(
            {segment.start + begin, segment.start + end, segment.position + begin, static_cast<int>(s), head});
    }
  }
  // Bins are runs of this order, of equal cost: a bin has whole heads and at most two that it shares with neighbours.
  std::sort(tiles.begin(), tiles.end(), [](const Tile& a, const Tile& b) {
    return std::tuple(a.kv_head, -cost_of(a), a.begin) < std::tuple(b.kv_head, -cost_of(b), b.begin);
  });
  std::int64_t all = 0, done = 0;
  for (const auto& tile : tiles) all += cost_of(tile);
  for (const auto& tile : tiles) {
    // The bin in which the middle of the tile's cost falls.
    const auto middle = done + cost_of(tile) / 2;
    const auto bin =
        std::min<std::int64_t>(static_cast<std::int64_t>(static_cast<double>(middle) /
                                                         static_cast<double>(std::max<std::int64_t>(all, 1)) * bins()),
                               bins() - 1);
    bins_[size(bin)].push_back(tile);
    done += cost_of(tile);
  }
}

std::vector<AttentionPlan::Piece> AttentionPlan::pieces(const Tile& tile) const {
  std::vector<Piece> pieces;
  const auto& own = segments_[size(tile.segment)];
  pieces.push_back({own.start, tile.end - own.start, own.position});
  for (int s = own.parent; s >= 0; s = segments_[size(s)].parent)
    pieces.push_back({segments_[size(s)].start, segments_[size(s)].length, segments_[size(s)].position});
  return pieces;
}

void attend(const AttentionPlan& plan, const AttentionBuffers& buffers) {
  run_parallel(plan.bins(), [&](int bin) {
    std::vector<float> scores, rows;
    for (const auto& tile : plan.bin(bin))
      attend_tile(TileWork(plan, tile, buffers), plan.shape().head_dim, buffers.out, scores, rows);
  });
}

void attend_backward(const AttentionPlan& plan, const AttentionBuffers& buffers, const AttentionGradients& gradients) {
  const auto& shape = plan.shape();
  const std::int64_t per_head = plan.tokens() * shape.head_dim;
  // Tiles of several bins add to the keys of one head: the first of them to the result, each other to sums of its own,
  // which are added in the bins' order. A bin's first head alone can have begun in a bin before it.
  struct Sums {
    std::int64_t head = -1;
    std::vector<float> dk, dv;
  };
  std::vector<Sums> extra(size(plan.bins()));
  std::int64_t last_head = -1;
  for (int bin = 0; bin < plan.bins(); ++bin) {
    if (plan.bin(bin).empty()) continue;
    if (plan.bin(bin).front().kv_head == last_head) extra[size(bin)].head = last_head;
    last_head = plan.bin(bin).back().kv_head;
  }
  std::memset(gradients.dk, 0, size(per_head * shape.kv_heads) * sizeof(float));
  std::memset(gradients.dv, 0, size(per_head * shape.kv_heads) * sizeof(float));
  run_parallel(plan.bins(), [&](int bin) {
    Sums& own = extra[size(bin)];
    if (own.head >= 0) {
      own.dk.assign(size(per_head), 0);
      own.dv.assign(size(per_head), 0);
    }
    BackwardScratch scratch;
    for (const auto& tile : plan.bin(bin)) {
      float* dq = gradients.dq + (tile.kv_head * plan.tokens() + tile.begin) * shape.group() * shape.head_dim;
      const bool is_own = tile.kv_head == own.head;
      attend_tile_backward(TileWork(plan, tile, buffers), shape.head_dim, buffers.out, gradients.d_out, dq,
                           is_own ? own.dk.data() : gradients.dk + tile.kv_head * per_head,
                           is_own ? own.dv.data() : gradients.dv + tile.kv_head * per_head, scratch);
    }
  });
  for_ranges(per_head, kSumGrain, [&](std::int64_t begin, std::int64_t end) {
    for (const Sums& sums : extra) {
      if (sums.head < 0) continue;
      kernels::add(gradients.dk + sums.head * per_head + begin, sums.dk.data() + begin, end - begin);
      kernels::add(gradients.dv + sums.head * per_head + begin, sums.dv.data() + begin, end - begin);
    }
  });
}

}  // namespace fw::trainer
