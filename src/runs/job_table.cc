#include "runs/impl/job_table.h"

#include <algorithm>

#include "base/log.h"
#include "runs/run_config_json.h"

namespace fw::runs {

namespace {

constexpr std::size_t kJobsAtOnce = 500;

}  // namespace

JobTable::Record JobTable::make(const JobId& id, RunConfig config) const {
  return std::make_shared<JobRecord>(id, std::move(config), dependencies_.store, dependencies_.disk,
                                     dependencies_.clock, options_.folder);
}

Result<JobTable::Record> JobTable::read(const metastore::JobRow& row) const {
  auto record = find(JobId(row.id));
  const bool is_new = !record;
  if (is_new) {
    FW_ASSIGN(auto config, run_config_from_json(row.config));
    record = make(JobId(row.id), std::move(config));
  }
  FW_TRY(record->catch_up());
  if (is_new) record->find_files();
  if (row.cancel_requested) record->request_cancel();
  return record;
}

void JobTable::leave_out(const std::string& id, const Error& error) {
  log_error("runs", "job left out", {{"job", id}, {"error", error.message}});
  const std::lock_guard lock(mutex_);
  left_out_.insert(id);
}

Result<std::vector<JobTable::Record>> JobTable::load_all() {
  std::vector<Record> deletions;
  for (std::optional<std::int64_t> after = 0; after;) {
    FW_ASSIGN(const auto page, dependencies_.store.jobs(metastore::JobStatusFilter::kAll, *after, kJobsAtOnce));
    for (const auto& row : page.jobs) {
      // One damaged job does not keep the others from running.
      auto record = read(row);
      if (!record.ok()) {
        leave_out(row.id, record.error());
      } else if (row.delete_requested) {
        deletions.push_back(*std::move(record));
      } else {
        add(*std::move(record));
      }
    }
    after = page.next;
  }
  return deletions;
}

Result<JobTable::Record> JobTable::load(const JobId& id) {
  const auto row = dependencies_.store.job(*id);
  if (row.ok() && (!*row || (*row)->delete_requested)) return not_found("job " + *id + " is not known");
  auto record = row.ok() ? read(**row) : row.error();
  if (record.ok()) return add(*std::move(record));
  leave_out(*id, record.error());
  return record.error();
}

JobTable::Record JobTable::add(Record record) {
  const std::lock_guard lock(mutex_);
  return jobs_.emplace(record->id(), record).first->second;
}

JobTable::Record JobTable::find(const JobId& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = jobs_.find(id);
  return found != jobs_.end() ? found->second : nullptr;
}

JobTable::Record JobTable::forget(const JobId& id) {
  const std::lock_guard lock(mutex_);
  auto node = jobs_.extract(id);
  return node ? std::move(node.mapped()) : nullptr;
}

std::vector<JobTable::Record> JobTable::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<Record> records;
  for (const auto& [id, record] : jobs_) records.push_back(record);
  return records;
}

std::size_t JobTable::waiting() const {
  const auto records = all();
  return static_cast<std::size_t>(
      std::ranges::count_if(records, [](const auto& record) { return record->status() == JobStatus::kPending; }));
}

std::vector<std::string> JobTable::left_out() const {
  const std::lock_guard lock(mutex_);
  return {left_out_.begin(), left_out_.end()};
}

}  // namespace fw::runs
