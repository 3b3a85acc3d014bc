#include "runs/row_pairs.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <unordered_map>

#include "evals/row_result.h"
#include "evals/summary.h"

namespace fw::runs {
namespace {

constexpr std::array<std::string_view, 4> kOutcomeNames{"left_better", "right_better", "both", "neither"};
constexpr double kEnoughOfAGrade = 0.5;

/// What is kept of a row while the file is read.
struct Seen {
  double sum = 0;  ///< of agreement
  std::uint64_t asks = 0;
  std::uint64_t without_score = 0;
  double least = 2;
  std::streamoff at = 0;  ///< of the line that agrees least

  [[nodiscard]] double mean() const { return sum / static_cast<double>(asks); }
};

/// A file of row results, read line by line.
class RowFile final {
 public:
  static Result<RowFile> open(const ScoredRows& rows) {
    RowFile file(rows);
    if (!file.input_) return not_found("the rows of this evaluation are gone: there is no " + rows.results.string());
    return file;
  }

  Status read_all(const Deadline& deadline) {
    std::uint64_t number = 0;
    std::streamoff at = 0;
    for (std::string line; std::getline(input_, line); at = input_.tellg()) {
      ++number;
      FW_TRY(deadline.check("comparing rows"));
      const auto row = evals::parse_row_result(line);
      if (!row.ok())
        return data_loss(rows_.results.string() + ":" + std::to_string(number) + ": " + row.error().message);
      add(*row, at);
    }
    input_.clear();
    return {};
  }

  Result<SideAnswer> answer(const std::string& id) {
    const Seen& seen = seen_.at(id);
    std::string line;
    input_.seekg(seen.at);
    if (!std::getline(input_, line)) return unavailable("cannot read " + rows_.results.string());
    input_.clear();
    FW_ASSIGN(auto row, evals::parse_row_result(line));
    return SideAnswer{.agreement = seen.mean(), .asks = seen.asks, .row = std::move(row)};
  }

  [[nodiscard]] const std::vector<std::string>& ids() const { return ids_; }
  [[nodiscard]] const Seen* find(const std::string& id) const {
    const auto found = seen_.find(id);
    return found == seen_.end() ? nullptr : &found->second;
  }

 private:
  explicit RowFile(const ScoredRows& rows) : rows_(rows), input_(rows.results, std::ios::binary) {}

  void add(const modelops::RowResult& row, std::streamoff at) {
    const auto [known, is_new] = seen_.try_emplace(row.record_id);
    if (is_new) ids_.push_back(row.record_id);
    Seen& seen = known->second;
    ++seen.asks;
    const auto agreement = evals::agreement_of(row, rows_.scoring);
    seen.without_score += agreement ? 0 : 1;
    seen.sum += agreement.value_or(0);
    if (agreement.value_or(1) < seen.least) {
      seen.least = agreement.value_or(1);
      seen.at = at;
    }
  }

  ScoredRows rows_;
  std::ifstream input_;
  std::vector<std::string> ids_;  // in the file's order
  std::unordered_map<std::string, Seen> seen_;
};

std::uint64_t& count_of(OutcomeCounts& counts, Outcome outcome) {
  switch (outcome) {
    case Outcome::kLeftBetter: return counts.left_better;
    case Outcome::kRightBetter: return counts.right_better;
    case Outcome::kBoth: return counts.both;
    case Outcome::kNeither: break;
  }
  return counts.neither;
}

Outcome outcome_of(const Seen& left, const Seen& right, double enough) {
  const double a = left.mean(), b = right.mean();
  if (a > b) return Outcome::kLeftBetter;
  if (b > a) return Outcome::kRightBetter;
  return a >= enough ? Outcome::kBoth : Outcome::kNeither;
}

}  // namespace

std::string_view to_string(Outcome outcome) { return kOutcomeNames.at(static_cast<std::size_t>(outcome)); }

std::optional<Outcome> outcome_from_string(std::string_view name) {
  const auto* found = std::ranges::find(kOutcomeNames, name);
  if (found == kOutcomeNames.end()) return std::nullopt;
  return static_cast<Outcome>(found - kOutcomeNames.begin());
}

Result<RowPairs> pair_rows(const ScoredRows& left, const ScoredRows& right, const PairPage& page,
                           const Deadline& deadline) {
  FW_ASSIGN(RowFile lefts, RowFile::open(left));
  FW_ASSIGN(RowFile rights, RowFile::open(right));
  FW_TRY(lefts.read_all(deadline));
  FW_TRY(rights.read_all(deadline));
  const double enough = left.is_graded && right.is_graded ? kEnoughOfAGrade : 1;
  RowPairs found;
  std::uint64_t common = 0, wanted = 0;
  for (const auto& id : lefts.ids()) {
    const Seen *a = lefts.find(id), *b = rights.find(id);
    if (b == nullptr) continue;
    ++common;
    if (a->without_score + b->without_score > 0) {
      ++found.counts.without_score;
      continue;
    }
    const Outcome outcome = outcome_of(*a, *b, enough);
    ++count_of(found.counts, outcome);
    if (page.outcome && outcome != *page.outcome) continue;
    if (wanted++ < page.first) continue;
    if (found.rows.size() == page.limit) {
      found.has_more = true;
      continue;
    }
    RowPair pair{.outcome = outcome, .left = {}, .right = {}};
    FW_ASSIGN(pair.left, lefts.answer(id));
    FW_ASSIGN(pair.right, rights.answer(id));
    found.rows.push_back(std::move(pair));
  }
  found.counts.left_only = lefts.ids().size() - common;
  found.counts.right_only = rights.ids().size() - common;
  return found;
}

}  // namespace fw::runs
