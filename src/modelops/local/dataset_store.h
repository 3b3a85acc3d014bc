#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "modelops/dataset_store.h"

namespace fw::modelops {

/// Datasets in a folder of this machine, content-addressed (docs/formats/dataset_store.md):
///
///     objects/<digest>/<path>   the files of one dataset, never changed
///     names/<name>.json         what a name refers to
///     stage/                    what is being written; emptied on opening
///
/// Invariants: (1) a folder under objects/ holds all files of its digest, synced, or does not exist; (2) a name is
/// written after its object and removed before it; so a crash leaves at most an object without a name, which opening
/// removes. One process at a time may have the folder open. Names are 1 to 200 letters, digits and `._-`, paths at most
/// 16 such parts: nothing leads out of the folder.
class LocalDatasetStore final : public DatasetStore {
 public:
  /// Opens or creates the folder and removes what a crash left half-done.
  [[nodiscard]] static Result<std::unique_ptr<LocalDatasetStore>> open(std::filesystem::path folder);

  /// kAlreadyExists when the name refers to other files.
  Result<DatasetRef> put(const std::string& name, const std::vector<DatasetFile>& files,
                         std::uint64_t num_records) override;
  Result<std::filesystem::path> local_path(const DatasetRef& dataset, const std::string& path) override;
  Status remove(const std::string& name) override;

 private:
  explicit LocalDatasetStore(std::filesystem::path folder);
  [[nodiscard]] Status clean() const;
  [[nodiscard]] Status store_object(const std::string& digest, const std::vector<DatasetFile>& files) const;
  [[nodiscard]] std::filesystem::path object_path(const std::string& digest) const;
  [[nodiscard]] std::filesystem::path name_path(const std::string& name) const;
  /// Absent for an unknown name.
  [[nodiscard]] Result<std::optional<DatasetRef>> find(const std::string& name) const;
  [[nodiscard]] Result<bool> is_referred_to(const std::string& digest) const;

  std::filesystem::path folder_;
  std::mutex mutex_;
};

}  // namespace fw::modelops
