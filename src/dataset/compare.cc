#include "dataset/compare.h"

#include <algorithm>

#include "base/hash.h"
#include "dataset/finished_row.h"
#include "dataset/impl/json.h"

namespace fw::dataset {
namespace {

constexpr std::array<std::string_view, 3> kNames{"evaluation", "training", "validation"};
constexpr std::array<std::string_view, 3> kFiles{"eval_data.jsonl", "train_data.jsonl", "val_data.jsonl"};

std::size_t index_of(Side side) { return static_cast<std::size_t>(side); }

using RowIds = std::map<std::uint64_t, std::string>;  // by place in the file

/// The record of every row that the lineage names, by side.
Result<std::array<RowIds, 3>> read_lineage(std::string_view text) {
  std::array<RowIds, 3> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const auto line = parse_json(text.substr(at, end - at));
    at = end + 1;
    if (!line) return invalid_argument("lineage.jsonl holds a line that is no JSON");
    const std::string& file = string_member(*line, "file");
    const Json* row = member(*line, "row");
    if (row == nullptr || !row->is_number_unsigned()) continue;
    for (const Side side : kSides) {
      if (file.ends_with(kFiles[index_of(side)])) out[index_of(side)][*row] = string_member(*line, "record_id");
    }
  }
  return out;
}

/// Where the rows of one dataset are, and what they say.
struct Rows {
  std::array<std::map<std::string, std::uint64_t>, 3> on_side;  ///< hash of a row's bytes, by its name
  std::array<std::uint64_t, 3> counts{};
};

/// Of an evaluation row all but what it says of the other side of its run: whether training saw its template, or keeps
/// away from its time.
std::uint64_t hash_of(const FinishedRow& row, Side side) {
  if (side != Side::kEvaluation) return hash64(row.line);
  auto line = parse_json(row.line);
  if (!line) return hash64(row.line);
  line->erase("template_in_training");
  line->erase("newest");
  return hash64(to_line(*line));
}

Result<Rows> read(const SideFiles& files, std::size_t which, Comparison& out, const Deadline& deadline) {
  Rows rows;
  FW_ASSIGN(const auto lineage, read_lineage(files.lineage));
  for (const Side side : kSides) {
    const std::size_t at = index_of(side);
    const auto visit = [&](const FinishedRow& row) -> Status {
      const std::uint64_t hash = hash_of(row, side);
      std::string name = row.record_id;
      if (const auto known = lineage[at].find(row.number); name.empty() && known != lineage[at].end()) {
        name = known->second;
      }
      if (name.empty()) name = "row:" + std::to_string(hash);
      rows.on_side[at].insert_or_assign(std::move(name), hash);
      ++rows.counts[at];
      ++out.classes[row.label][at][which];
      return {};
    };
    if (auto done = for_each_row(files.rows[at], deadline, visit); !done.ok()) {
      return done.error().within(std::string(to_string(side)));
    }
  }
  return rows;
}

bool is_anywhere(const Rows& rows, const std::string& name) {
  return std::ranges::any_of(rows.on_side, [&](const auto& side) { return side.contains(name); });
}

}  // namespace

std::string_view to_string(Side side) { return kNames[index_of(side)]; }

bool Comparison::is_same(Side side) const {
  const SideDifference& one = sides[index_of(side)];
  return one.in_first == one.in_second && one.changed == 0 && one.only_first.empty() && one.only_second.empty() &&
         std::ranges::none_of(moved, [&](const MovedRow& row) { return row.from == side || row.to == side; });
}

bool Comparison::is_same() const {
  return std::ranges::all_of(kSides, [&](Side side) { return is_same(side); });
}

Result<Comparison> compare(const SideFiles& first, const SideFiles& second, const Deadline& deadline) {
  Comparison out;
  FW_ASSIGN(const Rows a, read(first, 0, out, deadline));
  FW_ASSIGN(const Rows b, read(second, 1, out, deadline));
  for (const Side side : kSides) {
    const std::size_t at = index_of(side);
    SideDifference& difference = out.sides[at];
    difference.in_first = a.counts[at];
    difference.in_second = b.counts[at];
    for (const auto& [name, hash] : a.on_side[at]) {
      const auto there = b.on_side[at].find(name);
      if (there != b.on_side[at].end()) {
        difference.changed += there->second != hash;
        continue;
      }
      if (!is_anywhere(b, name)) difference.only_first.push_back(name);
      for (const Side other : kSides) {
        if (b.on_side[index_of(other)].contains(name)) out.moved.push_back({name, side, other});
      }
    }
    for (const auto& [name, hash] : b.on_side[at]) {
      if (!is_anywhere(a, name)) difference.only_second.push_back(name);
    }
  }
  return out;
}

}  // namespace fw::dataset
