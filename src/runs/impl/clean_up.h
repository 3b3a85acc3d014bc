#pragma once

#include <filesystem>
#include <vector>

#include "metastore/meta_store.h"
#include "modelops/dataset_store.h"
#include "runs/job.h"

namespace fw::runs {

/// Removes all that a job made: its datasets, its folder (results, checkpoints, adapters, report), its rows, in this
/// order. Errors are collected and never stop it. Doing it again is harmless. Blocks.
[[nodiscard]] std::vector<Error> clean_up(const Job& job, const std::filesystem::path& folder,
                                          modelops::DatasetStore& datasets, metastore::MetaStore& store);

}  // namespace fw::runs
