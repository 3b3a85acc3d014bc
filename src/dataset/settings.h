#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "modelops/model.h"

namespace fw::dataset {

/// What is done with answers that look wrong (impl/suspects.h).
enum class SuspiciousAnswers : std::uint8_t {
  kKeep,  ///< they are counted and shown
  kDrop,  ///< they are left out of training and validation too
};

/// `data_split_config` of the configuration; those from `newest_holdout` on are ours.
struct SplitSettings {
  std::uint64_t eval_size = 20;  ///< rows
  double val_ratio = 0.1;        ///< of what is left after the evaluation rows; 0 <= r < 1
  std::uint64_t min_total_records = 50;
  std::optional<std::uint64_t> random_seed;     ///< 0 is a seed; absent: one is drawn and recorded with the job
  std::optional<std::uint64_t> limit = 10'000;  ///< records that are used at most; absent: no limit
  bool parse_function_arguments = true;
  /// The newest part of the time span that is kept out of training, as a fraction; 0: none.
  double newest_holdout = 0.0;
  /// Share of the evaluation rows that is drawn from that part.
  double newest_eval_share = 0.5;
  /// Rows of one template, or one case (ids that few conversations name), stay on one side as far as that leaves
  /// training enough (impl/draw.h).
  bool keep_templates_together = true;
  /// Rows that nearly are an evaluation row are left out of training and validation.
  bool keep_near_duplicates_apart = true;
  /// From which likeness on (Jaccard, impl/near_duplicate.h) two requests are nearly one; 0 < t <= 1.
  double near_duplicate_threshold = 0.8;
  /// Share of the evaluation rows that may have a near-duplicate in training before the build fails.
  double max_leaked_share = 0.0;
  /// Share of the evaluation rows whose own answer may stand in a row of training before the build fails.
  double max_answered_share = 0.1;
  SuspiciousAnswers suspicious_answers = SuspiciousAnswers::kKeep;
  /// The evaluation rows are those of this earlier job, as far as their records are left (holdout.h); empty: they are
  /// drawn. `eval_size` is then not read.
  std::string holdout_job;
  std::uint64_t holdout_min_rows = 1;  ///< with fewer of them left the build fails
};

enum class ExampleSelection : std::uint8_t {
  kUniform,  ///< one list for all rows: the shortest of every class
  kSimilar,  ///< for each row those whose last user message is the most like its own
};

/// `icl_config` of the configuration. Tokens are estimates.
struct IclSettings {
  std::uint64_t max_context_length = 8192;
  std::uint64_t reserved_tokens = 2048;
  std::uint64_t max_examples = 3;
  std::uint64_t min_examples = 1;
  ExampleSelection selection = ExampleSelection::kUniform;
  /// Of the places for similar examples those that go to the best whatever they call; the others cover more tools.
  double relevance_ratio = 0.7;
  /// What tells how alike texts are, by the cosine of their vectors; absent: the words that they share (BM25).
  std::optional<modelops::ModelSpec> embedding = {};
};

}  // namespace fw::dataset
