#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "async/deadline.h"
#include "base/clock.h"
#include "base/result.h"
#include "dataset/card.h"
#include "dataset/holdout.h"
#include "dataset/record_source.h"
#include "dataset/settings.h"
#include "modelops/dataset_store.h"
#include "modelops/embedder.h"

namespace fw::dataset {

/// How far a build has come. Not every number is told.
struct BuildProgress {
  std::uint64_t records_read = 0;  ///< of the window
  std::uint64_t rows_written = 0;
  std::uint64_t rows_total = 0;  ///< 0 while the window is read
};

/// How long a request may be for a candidate that is served with a fixed context.
struct ContextLimit {
  std::string model;
  std::uint64_t context_length = 0;  ///< tokens
  std::uint64_t answer_tokens = 0;   ///< of them, those that an answer may take
};

/// Vectors of texts, one each, of one length. Blocks; gets at most 32 texts.
using Embed =
    std::function<Result<modelops::Embeddings>(std::span<const std::string> texts, modelops::EmbeddingUse use)>;

struct BuildRequest {
  record::WorkloadId workload;
  RecordSource& records;  ///< the selected window
  SplitSettings split;    ///< `random_seed` is not read: `seed` is
  IclSettings icl;
  std::uint64_t seed = 0;
  Timestamp now;  ///< for the names of the datasets, and to tell clocks that are ahead
  /// Answers of training and validation rows instead of production's; absent: not asked for. They outlive the build.
  std::optional<std::span<const Correction>> corrections = {};
  const Holdout* holdout = nullptr;         ///< given where `split.holdout_job` is; outlives the build
  std::vector<ContextLimit> contexts = {};  ///< rows beyond them are told in BuiltDatasets::warnings
  NotRead not_read = {};                    ///< of the window; told in BuiltDatasets::warnings
  Embed embed = {};                         ///< given where `icl.embedding` is
  std::string embedder = {};                ///< what else is said of that model; may be empty
  Deadline deadline = Deadline::never();
  std::function<void(const BuildProgress&)> on_progress;  ///< may be absent
  /// May be absent. Gets the card of datasets that leak more than max_leaked_share or max_answered_share allows, which
  /// says so (Card::refused), before build() fails with that.
  std::function<void(const Card&)> on_refused = {};
};

/// One dataset, ready for a DatasetStore.
struct Dataset {
  std::string name;  ///< `flywheel-eval-router-1732460000`
  std::vector<modelops::DatasetFile> files;
  std::uint64_t num_records = 0;  ///< rows of all its files
};

/// From which record each row was made, in the order of the rows. The in-context rows are those of `eval`.
struct Lineage {
  std::vector<record::RecordId> eval;
  std::vector<record::RecordId> train;
  std::vector<record::RecordId> validation;
};

struct BuiltDatasets {
  Dataset eval;   ///< eval_data.jsonl
  Dataset icl;    ///< eval_data.jsonl, the same rows with in-context examples
  Dataset train;  ///< training/train_data.jsonl, validation/val_data.jsonl, lineage.jsonl
  Lineage lineage;
  /// From the first valid record to the last, without those whose clock is far off; absent without records.
  std::optional<std::pair<Timestamp, Timestamp>> span;
  std::uint64_t rows_with_examples = 0;  ///< of icl; the others are what they are in eval
  Card card;                             ///< its notes hold the warnings too
  std::vector<std::string> warnings;     ///< what will go wrong with these rows, and what to change
};

/// Makes the datasets of a run out of a workload's records: validate, de-duplicate, sample, split, write rows
/// (docs/formats/dataset_rows.md), and says at every step what was left out and why.
///
/// Reads the window once, keeping some 150 bytes of a record, and the drawn records a second time; the datasets
/// themselves are built in memory.
///
/// Invariants, for any input bytes:
/// 1. Same records and corrections (in any order), settings, seed and time: same bytes.
/// 2. No conversation and no request has rows on two sides.
/// 3. eval has min(eval_size, rows) rows, or those of the hold-out set whose records are left; validation
///    ceil(val_ratio * rows left).
/// 4. Every step of the card adds up.
/// 5. A correction changes the answer of a row, never its side; evaluation rows keep production's answer.
///
/// Synchronous; no I/O but the source's. Errors: kInvalidArgument for settings out of range, kFailedPrecondition for
/// too few records or rows of the hold-out set, with the counts of each step and the name of the setting; those of the
/// source and the deadline.
[[nodiscard]] Result<BuiltDatasets> build(const BuildRequest& request);

}  // namespace fw::dataset
