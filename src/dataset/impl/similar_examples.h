#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dataset/impl/icl.h"
#include "dataset/impl/relevance.h"

namespace fw::dataset {

/// Chooses for each prompt the training rows whose last user message is the most like its own. Keeps all of them in
/// memory. Of `max_examples` places the first `relevance_ratio` go to the best; the others to tools that none of them
/// calls yet, out of five times as many candidates, in order of score, then to the next best (the blueprint's rule).
class SimilarExamples {
 public:
  SimilarExamples(const IclSettings& settings, std::unique_ptr<Relevance> relevance);

  void add(Example example, std::string_view said);
  [[nodiscard]] Status finish() { return relevance_->finish(); }
  using MayShow = std::function<bool(std::size_t i, const Example& example)>;
  /// For each last user message, of those that it may be shown; the pointers hold until the end of this.
  [[nodiscard]] Result<std::vector<std::vector<const Example*>>> choose(std::span<const std::string> said,
                                                                        const MayShow& may_show);
  [[nodiscard]] std::uint64_t cut_texts() const { return relevance_->cut_texts(); }

 private:
  [[nodiscard]] std::vector<const Example*> covering(const Nearest& nearest) const;

  const std::size_t places_;
  const std::size_t places_of_best_;
  std::vector<Example> examples_;
  std::unique_ptr<Relevance> relevance_;
};

}  // namespace fw::dataset
