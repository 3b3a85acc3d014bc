#include "runs/impl/clean_up.h"

#include <set>

#include "runs/impl/dataset_stage.h"

namespace fw::runs {

std::vector<Error> clean_up(const Job& job, const std::filesystem::path& folder, modelops::DatasetStore& datasets,
                            metastore::MetaStore& store) {
  std::vector<Error> errors;
  std::set<std::string> names;
  for (const auto& name : noted_dataset_names(folder)) names.insert(name);
  for (const auto& dataset : job.datasets) names.insert(dataset.name);
  for (const auto& name : names) {
    if (auto removed = datasets.remove(name); !removed.ok())
      errors.push_back(removed.error().within("dataset " + name));
  }
  std::error_code code;
  std::filesystem::remove_all(folder, code);
  if (code) errors.push_back(system_error("folder " + folder.string(), code.value()));
  if (auto erased = store.erase_job(*job.id); !erased.ok()) errors.push_back(erased.error());
  return errors;
}

}  // namespace fw::runs
