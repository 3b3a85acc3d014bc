#include "trainer/device/batch.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

namespace fw::trainer {
namespace {

// Up to a multiple of a sixteenth of the power of two below, at least `least`: at most six per cent more.
std::int64_t rounded_up(std::int64_t n, std::int64_t least) {
  const auto below =
      static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(std::max<std::int64_t>(n, 1))));
  const std::int64_t step = std::max(least, below / 16);
  return (n + step - 1) / step * step;
}

std::vector<std::int64_t> tokens_with_loss(const TokenTree& tree) {
  std::vector<std::int64_t> lines;
  for (const auto& term : tree.terms) lines.push_back(term.index);
  std::sort(lines.begin(), lines.end());
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  return lines;
}

// Attention gives each segment's keys to few blocks of threads, and the longest segment sets the pace where there are
// few: its queries are then taken a piece at a time, each with keys of its own. Its keys are gathered once a piece,
// hence only up to a length.
constexpr std::size_t kFewSegments = 16;
constexpr std::int64_t kPiece = 128;
constexpr std::int64_t kLongestCut = 512;

// Queries [start, start + length) of one segment, and the keys before them in it.
struct Piece {
  std::size_t segment = 0;
  std::int64_t start = 0;
  std::int64_t length = 0;
  std::int64_t keys = 0;  ///< of the path and of the segment up to the last query
};

std::vector<Piece> pieces_of(const TokenTree& tree) {
  std::vector<Piece> pieces;
  const bool are_few = tree.segments.size() <= kFewSegments;
  for (std::size_t s = 0; s < tree.segments.size(); ++s) {
    const auto& segment = tree.segments[s];
    const std::int64_t step = are_few && segment.length <= kLongestCut ? kPiece : segment.length;
    for (std::int64_t begin = 0; begin < segment.length; begin += step) {
      const std::int64_t length = std::min(step, segment.length - begin);
      pieces.push_back({s, segment.start + begin, length, segment.position + begin + length});
    }
  }
  return pieces;
}

BatchShape shape_of(const TokenTree& tree) {
  BatchShape shape;
  const auto tokens = static_cast<std::int64_t>(tree.tokens.size());
  shape.tokens = rounded_up(tokens, 32);
  const std::int64_t padding = shape.tokens - tokens;
  shape.longest_query = shape.longest_key = std::max<std::int64_t>(padding, 2);
  const auto pieces = pieces_of(tree);
  for (const auto& piece : pieces) {
    shape.gathered += piece.keys;
    shape.longest_query = std::max(shape.longest_query, piece.length);
    shape.longest_key = std::max(shape.longest_key, piece.keys);
  }
  shape.gathered = rounded_up(shape.gathered + padding, 64);
  // Attention's backward shares its work out by this number: empty segments would cost as much as others.
  shape.segments = rounded_up(static_cast<std::int64_t>(pieces.size()) + 1, 2);
  shape.longest_query = rounded_up(shape.longest_query, 64);
  shape.longest_key = rounded_up(shape.longest_key, 64);
  return shape;
}

}  // namespace

DeviceBatch::Layout::Layout(const BatchShape& s, std::int64_t layers) {
  std::int64_t end = 0;
  const auto next = [&](std::int64_t count) {
    const std::int64_t begin = end;
    end += (count + 3) / 4 * 4;
    return begin;
  };
  tokens = next(s.tokens);
  positions = next(s.tokens);
  first_users = next(s.tokens);
  last_users = next(s.tokens);
  keys = next(s.tokens);
  token_lines = next(s.tokens + 1);
  query_starts = next(s.segments + 1);
  key_starts = next(s.segments + 1);
  sources = next(s.gathered);
  key_positions = next(s.gathered);
  line_tokens = next(s.lines);
  line_keys = next(s.lines);
  line_terms = next(s.lines + 1);
  term_lines = next(s.terms);
  targets = next(s.terms);
  scale = next(1);
  seeds = next(4 * layers);
  size = end;
}

DeviceBatch::DeviceBatch(const TokenTree& tree, std::int64_t layers) : shape_(shape_of(tree)), layers_(layers) {
  const auto lines = static_cast<std::int64_t>(tokens_with_loss(tree).size());
  const auto terms = static_cast<std::int64_t>(tree.terms.size());
  shape_.lines_are_terms = lines == terms;
  shape_.lines = rounded_up(lines, 16);
  shape_.terms = shape_.lines_are_terms ? shape_.lines : rounded_up(terms, 16);
  const Layout at(shape_, layers);
  values_.assign(static_cast<std::size_t>(at.size), 0);
  lay_segments(tree, at);
  lay_terms(tree, at);
  set_scale(1);
}

void DeviceBatch::set_scale(float scale) {
  values_[static_cast<std::size_t>(Layout(shape_, layers_).scale)] = std::bit_cast<std::int32_t>(scale);
}

void DeviceBatch::set_seeds(const std::vector<std::uint32_t>& seeds) {
  std::copy(seeds.begin(), seeds.end(), values_.begin() + Layout(shape_, layers_).seeds);
}

void DeviceBatch::lay_segments(const TokenTree& tree, const Layout& at) {
  auto* v = values_.data();
  const auto tokens = static_cast<std::int64_t>(tree.tokens.size());
  std::copy(tree.tokens.begin(), tree.tokens.end(), v + at.tokens);
  std::copy(tree.keys.begin(), tree.keys.end(), v + at.keys);
  std::copy(tree.positions.begin(), tree.positions.end(), v + at.positions);
  const auto pieces = pieces_of(tree);
  const auto count = static_cast<std::int64_t>(pieces.size());
  // Segments below one stand right behind it, and so do their pieces: where those of each end.
  std::vector<std::int64_t> below(tree.segments.size());
  for (std::int64_t p = 0; p < count; ++p) below[pieces[static_cast<std::size_t>(p)].segment] = p + 1;
  for (std::size_t s = below.size(); s-- > 0;)
    if (const int parent = tree.segments[s].parent; parent >= 0)
      below[static_cast<std::size_t>(parent)] = std::max(below[static_cast<std::size_t>(parent)], below[s]);
  std::int64_t keys = 0;
  const auto add_key = [&](std::int64_t token) {
    v[at.sources + keys] = static_cast<std::int32_t>(token);
    v[at.key_positions + keys++] = v[at.positions + token];
  };
  const auto add_users = [&](std::int64_t token, std::int64_t first, std::int64_t last) {
    v[at.first_users + token] = static_cast<std::int32_t>(first);
    v[at.last_users + token] = static_cast<std::int32_t>(last);
  };
  for (std::int64_t p = 0; p < count; ++p) {
    const auto& piece = pieces[static_cast<std::size_t>(p)];
    v[at.query_starts + p] = static_cast<std::int32_t>(piece.start);
    v[at.key_starts + p] = static_cast<std::int32_t>(keys);
    const std::int64_t end = keys + piece.keys;
    for (const int above : tree.path(static_cast<int>(piece.segment))) {
      const auto& on_path = tree.segments[static_cast<std::size_t>(above)];
      for (std::int64_t i = 0; i < on_path.length && keys < end; ++i) add_key(on_path.start + i);
    }
    for (std::int64_t i = 0; i < piece.length; ++i) add_users(piece.start + i, p, below[piece.segment]);
  }
  // Padding is a piece of its own, seen by nobody; those behind it are empty.
  v[at.query_starts + count] = static_cast<std::int32_t>(tokens);
  v[at.key_starts + count] = static_cast<std::int32_t>(keys);
  for (std::int64_t t = tokens; t < shape_.tokens; ++t) {
    v[at.positions + t] = 0;
    add_key(t);
    add_users(t, count, count + 1);
  }
  for (std::int64_t p = count + 1; p <= shape_.segments; ++p) {
    v[at.query_starts + p] = static_cast<std::int32_t>(shape_.tokens);
    v[at.key_starts + p] = static_cast<std::int32_t>(keys);
  }
}

void DeviceBatch::lay_terms(const TokenTree& tree, const Layout& at) {
  auto* v = values_.data();
  const auto lines = tokens_with_loss(tree);
  const auto count = static_cast<std::int64_t>(lines.size());
  for (std::int64_t line = 0; line < count; ++line) {
    const std::int64_t token = lines[static_cast<std::size_t>(line)];
    v[at.line_tokens + line] = static_cast<std::int32_t>(token);
    v[at.line_keys + line] = v[at.keys + token];
  }
  for (std::int64_t t = 0, line = 0; t <= shape_.tokens; ++t) {
    while (line < count && lines[static_cast<std::size_t>(line)] < t) ++line;
    v[at.token_lines + t] = static_cast<std::int32_t>(line);
  }
  // Terms in the order of their lines.
  std::vector<std::int64_t> order(tree.terms.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return tree.terms[static_cast<std::size_t>(a)].index < tree.terms[static_cast<std::size_t>(b)].index;
  });
  term_numbers_.resize(order.size());
  std::fill(v + at.targets, v + at.targets + shape_.terms, -1);
  std::int64_t line = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto& term = tree.terms[static_cast<std::size_t>(order[i])];
    while (lines[static_cast<std::size_t>(line)] < term.index) v[at.line_terms + ++line] = static_cast<std::int32_t>(i);
    const auto number = static_cast<std::int64_t>(i);
    v[at.targets + number] = term.target;
    v[at.term_lines + number] = static_cast<std::int32_t>(line);
    term_numbers_[static_cast<std::size_t>(order[i])] = number;
  }
  for (++line; line <= shape_.lines; ++line) v[at.line_terms + line] = static_cast<std::int32_t>(order.size());
}

AttentionRows attention_rows(const BatchShape& shape, std::int64_t layers, const std::int32_t* values) {
  const DeviceBatch::Layout at(shape, layers);
  return {.tokens = shape.tokens,
          .gathered = shape.gathered,
          .segments = shape.segments,
          .longest_query = shape.longest_query,
          .longest_key = shape.longest_key,
          .query_starts = values + at.query_starts,
          .key_starts = values + at.key_starts,
          .sources = values + at.sources,
          .key_positions = values + at.key_positions,
          .positions = values + at.positions,
          .first_users = values + at.first_users,
          .last_users = values + at.last_users};
}

}  // namespace fw::trainer
