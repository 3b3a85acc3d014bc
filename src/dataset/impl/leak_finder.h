#pragma once

#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "dataset/builder.h"
#include "dataset/impl/leak_search.h"
#include "dataset/impl/near_clusters.h"
#include "dataset/impl/selection.h"
#include "dataset/impl/split.h"
#include "dataset/impl/suspects.h"

namespace fw::dataset {

/// Compares the rows that may train with the evaluation rows, once evaluation has been drawn. Reads each of them from
/// the source once, and keeps what LeakSearch keeps. Everything given must outlive it.
class LeakFinder {
 public:
  LeakFinder(const BuildRequest& request, const Survey& survey, std::span<const Row> rows);

  /// The rows on the side of training that nearly are evaluation rows, or hold the request of one whole. `suspects`
  /// looks at all that it reads.
  [[nodiscard]] Result<std::vector<std::size_t>> find(std::span<const Side> sides, SuspectFinder& suspects);

  /// What is left of it on the finished sides: counts, and the pairs that are most alike with their texts, for which it
  /// reads some records again. `examples`: of each evaluation row the training rows that were chosen for its prompt.
  [[nodiscard]] Status measure(std::span<const Side> sides, std::span<const std::vector<std::size_t>> examples,
                               Leak& leak);

  /// Which rows of the finished sides are near-duplicates of each other; reads the largest groups' examples again.
  [[nodiscard]] Status count_clusters(std::span<const Side> sides, NearDuplicateCounts& counts);

  /// Rows of either side that are nearly equal, in groups, once found.
  [[nodiscard]] std::vector<std::vector<std::size_t>> near_groups() const;

  /// The rows of either side, once found.
  [[nodiscard]] std::span<const std::size_t> evaluated() const { return evaluated_; }
  [[nodiscard]] std::span<const std::size_t> training() const { return training_; }

  /// Whether a training row as an example would show the evaluation row (by its place among evaluated()) its own
  /// request or answer; and whether it would any of them.
  [[nodiscard]] bool gives_away(std::size_t evaluated, std::size_t row) const;
  [[nodiscard]] bool gives_any_away(std::size_t row) const { return giving_away_.contains(row); }

 private:
  struct Answer {
    std::uint64_t words = 0;
    std::uint64_t turns = 0;  ///< that it is given to
  };

  template <class Visit>
  Status each_text(std::span<const std::size_t> rows, Visit visit);
  template <class Words, class Add>
  Status look(std::span<const std::size_t> rows, SuspectFinder& suspects, Words words, Add add);
  [[nodiscard]] GivenAnswers given_answers(std::span<const Side> sides) const;
  [[nodiscard]] record::RecordId id_of(std::size_t row) const {
    return survey_.id_of(survey_.records[rows_[row].record]);
  }
  [[nodiscard]] std::size_t row_of(std::uint32_t text) const {
    return text < evaluated_.size() ? evaluated_[text] : training_[text - evaluated_.size()];
  }

  const BuildRequest& request_;
  const Survey& survey_;
  std::span<const Row> rows_;
  std::vector<std::size_t> evaluated_;  // rows, as the pairs count them
  std::vector<std::size_t> training_;
  NearClusters clusters_;  // texts of the evaluated rows, then of those that may train
  FoundLeaks found_;
  std::vector<Answer> evaluated_answers_;  // as the pairs count the rows
  std::vector<Answer> training_answers_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> give_away_;  // pairs
  std::unordered_set<std::size_t> giving_away_;                  // rows of training
  std::unordered_map<std::uint32_t, std::size_t> group_of_evaluated_;
  std::unordered_map<std::size_t, std::size_t> group_of_training_;  // by row
  std::vector<std::unique_ptr<RowTexts>> texts_;                    // by worker
};

/// Fails where more evaluation rows leak than data_split_config.max_leaked_share or max_answered_share allows.
[[nodiscard]] Status check_leak(const Leak& leak, std::uint64_t eval_rows, const SplitSettings& settings);

}  // namespace fw::dataset
