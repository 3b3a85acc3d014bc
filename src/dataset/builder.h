#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dataset/card.h"
#include "dataset/settings.h"
#include "modelops/dataset_store.h"
#include "record/interaction.h"

namespace fw::dataset {

struct BuildRequest {
  record::WorkloadId workload;
  std::span<const record::Interaction> records;  ///< the selected window, in any order; ids are unique
  SplitSettings split;                           ///< `random_seed` is not read: `seed` is
  IclSettings icl;
  std::uint64_t seed = 0;
  Timestamp now;  ///< only for the names of the datasets
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
  Card card;
};

/// Makes the datasets of a run out of a workload's records: validate, de-duplicate, sample, split, write rows
/// (docs/formats/dataset_rows.md), and says at every step what was left out and why.
///
/// Invariants, for any input bytes:
/// 1. Same records (in any order), settings, seed and time: same bytes.
/// 2. No conversation and no request has rows on two sides.
/// 3. eval has min(eval_size, rows) rows, validation ceil(val_ratio * rows left).
/// 4. Every step of the card adds up.
///
/// Synchronous, no I/O, thread-safe. Errors: kInvalidArgument for settings out of range, kFailedPrecondition for too
/// few records, with the counts of each step and the name of the setting.
[[nodiscard]] Result<BuiltDatasets> build(const BuildRequest& request);

}  // namespace fw::dataset
