#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace fw::modelops {

/// A stored dataset. Two datasets with the same files are one object in the store under two names.
struct DatasetRef {
  std::string name;    ///< `flywheel-eval-router-1732460000`
  std::string digest;  ///< SHA-256 over names and contents of its files: 64 hex digits
  std::string uri;     ///< how another program finds it
  std::uint64_t num_records = 0;

  friend bool operator==(const DatasetRef&, const DatasetRef&) = default;
};

/// `path` is relative, as in `training/train_data.jsonl`.
struct DatasetFile {
  std::string path;
  std::string content;
};

/// Keeps datasets, content-addressed, whole or not at all. All members may be called from any thread, and block.
class DatasetStore {
 public:
  virtual ~DatasetStore() = default;

  /// Stores the files under the name; storing the same again is a success with the same reference.
  [[nodiscard]] virtual Result<DatasetRef> put(const std::string& name, const std::vector<DatasetFile>& files,
                                               std::uint64_t num_records) = 0;
  /// A readable copy of one file on this machine; valid until the dataset is removed.
  [[nodiscard]] virtual Result<std::filesystem::path> local_path(const DatasetRef& dataset,
                                                                 const std::string& path) = 0;
  /// Forgets the name, and the content once no name refers to it. Removing an unknown name is a success.
  [[nodiscard]] virtual Status remove(const std::string& name) = 0;
};

}  // namespace fw::modelops
