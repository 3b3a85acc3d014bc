#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "runs/impl/job_record.h"
#include "runs/run_service.h"

namespace fw::runs {

/// All jobs of the store, as this process knows them. Safe from any thread; members that read the store block.
class JobTable final {
 public:
  using Record = std::shared_ptr<JobRecord>;

  JobTable(RunDependencies& dependencies, const RunOptions& options) : dependencies_(dependencies), options_(options) {}
  JobTable(const JobTable&) = delete;
  JobTable& operator=(const JobTable&) = delete;

  /// Reads all jobs; those whose deletion has begun are returned and not listed. One that cannot be read is logged and
  /// left out.
  [[nodiscard]] Result<std::vector<Record>> load_all();
  /// The job as the store has it now, whatever was missed of it. One that cannot be read is left out from now on.
  [[nodiscard]] Result<Record> load(const JobId& id);

  [[nodiscard]] Record make(const JobId& id, RunConfig config) const;
  /// The record that is listed under its id: this one, or one that was there before.
  Record add(Record record);
  /// Null when it is not known.
  [[nodiscard]] Record find(const JobId& id) const;
  /// Lists it no longer. Null when it was not known.
  Record forget(const JobId& id);
  [[nodiscard]] std::vector<Record> all() const;
  /// How many have not begun.
  [[nodiscard]] std::size_t waiting() const;
  /// Jobs that cannot be run because they cannot be read.
  [[nodiscard]] std::vector<std::string> left_out() const;

 private:
  [[nodiscard]] Result<Record> read(const metastore::JobRow& row) const;
  void leave_out(const std::string& id, const Error& error);

  RunDependencies& dependencies_;
  const RunOptions& options_;
  mutable std::mutex mutex_;
  std::map<JobId, Record> jobs_;
  std::set<std::string> left_out_;
};

}  // namespace fw::runs
