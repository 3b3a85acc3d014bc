#include "trainer/packing/token_tree.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/assert.h"

namespace fw::trainer {
namespace {

std::uint32_t next_key(std::uint32_t key, Token token) {
  std::uint32_t x = (key ^ static_cast<std::uint32_t>(token)) * 0x9e3779b1U + 0x85ebca6bU;
  x ^= x >> 15;
  x *= 0x2c1b3c6dU;
  return x ^ (x >> 13);
}

class Packer {
 public:
  Packer(std::span<const TrainingRow* const> rows, std::int64_t shortest) : rows_(rows), shortest_(shortest) {}

  TokenTree run() {
    std::vector<std::int32_t> order(rows_.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(),
              [&](std::int32_t a, std::int32_t b) { return std::tie(at(a).tokens, a) < std::tie(at(b).tokens, b); });
    tree_.leaves.resize(rows_.size());
    grow(order, 0, -1);
    add_terms();
    std::int64_t longest = 0;
    for (const auto* row : rows_) longest = std::max(longest, inputs_of(*row));
    tree_.padded_tokens = longest * static_cast<std::int64_t>(rows_.size());
    return std::move(tree_);
  }

 private:
  [[nodiscard]] const TrainingRow& at(std::int32_t row) const { return *rows_[static_cast<std::size_t>(row)]; }

  // Sorted rows: what the first and the last share, all share.
  [[nodiscard]] std::int64_t shared_end(std::span<const std::int32_t> group, std::int64_t from) const {
    const auto& first = at(group.front());
    const auto& last = at(group.back());
    std::int64_t shortest = inputs_of(first);
    for (const auto row : group) shortest = std::min(shortest, inputs_of(at(row)));
    while (from < shortest &&
           first.tokens[static_cast<std::size_t>(from)] == last.tokens[static_cast<std::size_t>(from)])
      ++from;
    return from;
  }

  int add_segment(std::int32_t row, std::int64_t from, std::int64_t to, int parent) {
    const auto start = static_cast<std::int64_t>(tree_.tokens.size());
    const auto& tokens = at(row).tokens;
    tree_.tokens.insert(tree_.tokens.end(), tokens.begin() + from, tokens.begin() + to);
    std::uint32_t key = 0;
    if (parent >= 0) {
      const auto& above = tree_.segments[static_cast<std::size_t>(parent)];
      key = tree_.keys[static_cast<std::size_t>(above.start + above.length - 1)];
    }
    for (auto position = from; position < to; ++position) {
      tree_.positions.push_back(position);
      key = next_key(key, tokens[static_cast<std::size_t>(position)]);
      tree_.keys.push_back(key);
    }
    tree_.segments.push_back({start, to - from, from, parent, row});
    return static_cast<int>(tree_.segments.size()) - 1;
  }

  // `group` is sorted and shares everything before `from`, where segment `parent` ends.
  void grow(std::span<const std::int32_t> group, std::int64_t from, int parent) {
    const std::int64_t end = shared_end(group, from);
    if (group.size() == 1 || end - from >= shortest_) {
      const bool is_empty = end == from;  // a row that ends where its parent does
      const int segment = is_empty ? parent : add_segment(group.front(), from, end, parent);
      if (group.size() == 1) {
        tree_.leaves[static_cast<std::size_t>(group.front())] = segment;
        return;
      }
      split(group, end, end, segment);
      return;
    }
    split(group, end, from, parent);
  }

  // Cuts the group by the token at `at_position` and grows each part from `from`.
  void split(std::span<const std::int32_t> group, std::int64_t at_position, std::int64_t from, int parent) {
    const auto key = [&](std::int32_t row) {
      return at_position < inputs_of(at(row)) ? std::int64_t{at(row).tokens[static_cast<std::size_t>(at_position)]}
                                              : -1;
    };
    // A row that ends at the cut can sort between others: its last token, a target, took part in the order.
    std::vector<std::int32_t> sorted;
    for (const auto row : group)
      if (key(row) < 0) sorted.push_back(row);
    for (const auto row : group)
      if (key(row) >= 0) sorted.push_back(row);
    for (std::size_t begin = 0; begin < sorted.size();) {
      std::size_t end = begin + 1;
      while (end < sorted.size() && key(sorted[end]) == key(sorted[begin]) && key(sorted[begin]) >= 0) ++end;
      grow(std::span(sorted).subspan(begin, end - begin), from, parent);
      begin = end;
    }
  }

  void add_terms() {
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      const auto& row = *rows_[r];
      const auto path = tree_.path(tree_.leaves[r]);
      std::size_t step = 0;
      for (std::int64_t position = row.answer_begin - 1; position < inputs_of(row); ++position) {
        const TokenTree::Segment* segment = &tree_.segments[static_cast<std::size_t>(path[step])];
        while (position >= segment->position + segment->length)
          segment = &tree_.segments[static_cast<std::size_t>(path[++step])];
        tree_.terms.push_back({segment->start + position - segment->position,
                               row.tokens[static_cast<std::size_t>(position) + 1], static_cast<std::int32_t>(r)});
      }
    }
  }

  std::span<const TrainingRow* const> rows_;
  std::int64_t shortest_;
  TokenTree tree_;
};

}  // namespace

std::vector<int> TokenTree::path(int segment) const {
  std::vector<int> path;
  for (int s = segment; s >= 0; s = segments[static_cast<std::size_t>(s)].parent) path.push_back(s);
  std::reverse(path.begin(), path.end());
  return path;
}

TokenTree pack(std::span<const TrainingRow* const> rows, std::int64_t shortest_shared) {
  FW_ASSERT(!rows.empty());
  for (const auto* row : rows)
    FW_ASSERT(inputs_of(*row) >= 1 && row->answer_begin > 0 && row->answer_begin <= inputs_of(*row));
  return Packer(rows, std::max<std::int64_t>(shortest_shared, 1)).run();
}

std::int64_t common_beginning(std::span<const TrainingRow* const> rows) {
  if (rows.empty()) return 0;
  std::int64_t common = inputs_of(*rows.front());
  for (const auto* row : rows) {
    common = std::min(common, inputs_of(*row));
    const auto end = row->tokens.begin() + common;
    common = std::mismatch(row->tokens.begin(), end, rows.front()->tokens.begin()).first - row->tokens.begin();
  }
  return common;
}

}  // namespace fw::trainer
