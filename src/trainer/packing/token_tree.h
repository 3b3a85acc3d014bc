#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fw::trainer {

using Token = std::int32_t;

/// A row of training data: the tokens of prompt and answer; the loss is on tokens [answer_begin, size).
struct TrainingRow {
  std::vector<Token> tokens;
  std::int64_t answer_begin = 0;
};

/// Tokens that the model reads of a row: all but the last, behind which nothing is predicted.
[[nodiscard]] inline std::int64_t inputs_of(const TrainingRow& row) {
  return static_cast<std::int64_t>(row.tokens.size()) - 1;
}

/// Rows of a step, packed as a tree: what rows have in common at their beginning is one segment, computed once, and
/// each row's own rest is a leaf. A token attends to the segments on its path to the root and to what is before it in
/// its own.
///
/// Invariants:
/// 1. Segments are in order of `start`, contiguous from 0 to tokens.size(); none is empty.
/// 2. A segment's parent stands before it, and its `position` is where its parent ends.
/// 3. Following the path from the root to a row's leaf spells the row without its last token: nothing is predicted
/// there.
struct TokenTree {
  struct Segment {
    std::int64_t start = 0;  ///< of its tokens in `tokens`
    std::int64_t length = 0;
    std::int64_t position = 0;  ///< of its first token in every row below it
    int parent = -1;
    std::int32_t row = 0;  ///< one of the rows that pass through it
  };
  /// One term of the loss: the token at `index` must predict `target`, for row `row`.
  struct Term {
    std::int64_t index = 0;
    Token target = 0;
    std::int32_t row = 0;
  };

  std::vector<Token> tokens;
  std::vector<std::int64_t> positions;
  /// Per token: a number that depends on the token and all before it in its row, and on nothing else; however rows are
  /// packed, and whatever is packed with them, it is the same.
  std::vector<std::uint32_t> keys;
  std::vector<Segment> segments;
  std::vector<Term> terms;         ///< ordered by row, then by position
  std::vector<int> leaves;         ///< per row: the last segment of its path
  std::int64_t padded_tokens = 0;  ///< what the rows cost when each is padded to the longest

  /// Segments from the root to `segment`, which is the last.
  [[nodiscard]] std::vector<int> path(int segment) const;
};

/// Shared beginnings shorter than this become part of each row: a segment costs products of its own.
constexpr std::int64_t kShortestSharedBeginning = 24;

/// Packs rows; each has at least two tokens and 0 < answer_begin < size. Rows may be in any order.
[[nodiscard]] TokenTree pack(std::span<const TrainingRow* const> rows,
                             std::int64_t shortest_shared = kShortestSharedBeginning);

/// How many first tokens all rows have in common.
[[nodiscard]] std::int64_t common_beginning(std::span<const TrainingRow* const> rows);

}  // namespace fw::trainer
