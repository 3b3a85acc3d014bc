#pragma once

#include <memory>
#include <span>
#include <string>
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

  /// The rows on the side of training that nearly are evaluation rows. `suspects` looks at all that it reads.
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

 private:
  using Pairs = std::vector<NearDuplicates::Pair>;

  template <class Visit>
  Status each_text(std::span<const std::size_t> rows, Visit visit, SuspectFinder* suspects = nullptr);
  [[nodiscard]] record::RecordId id_of(std::size_t row) const {
    return survey_.id_of(survey_.records[rows_[row].record]);
  }
  [[nodiscard]] std::uint64_t near(const Pairs& pairs) const;
  Status show(const Pairs& pairs, LeakPair::Kind kind, Leak& leak);

  const BuildRequest& request_;
  const Survey& survey_;
  std::span<const Row> rows_;
  std::vector<std::size_t> evaluated_;  // rows, as the pairs count them
  std::vector<std::size_t> training_;
  [[nodiscard]] std::size_t row_of(std::uint32_t text) const {
    return text < evaluated_.size() ? evaluated_[text] : training_[text - evaluated_.size()];
  }

  NearClusters clusters_;  // texts of the evaluated rows, then of those that may train
  Pairs requests_;
  Pairs answers_;
  std::vector<std::uint64_t> evaluated_answers_;  // hashes, as the pairs count the rows
  std::vector<std::uint64_t> training_answers_;
  std::vector<std::unique_ptr<RowTexts>> texts_;  // by worker
};

/// Fails where more evaluation rows leak than data_split_config.max_leaked_share or max_answered_share allows.
[[nodiscard]] Status check_leak(const Leak& leak, std::uint64_t eval_rows, const SplitSettings& settings);

}  // namespace fw::dataset
