#include "runs/impl/logged_records.h"

#include <algorithm>

#include "logstore/read.h"

namespace fw::runs {

LoggedRecords::LoggedRecords(logstore::LogStore& log, record::WorkloadId workload, record::ClientId client,
                             Deadline deadline)
    : log_(log),
      selection_{.workload = std::move(workload), .client = std::move(client), .from = {}, .to = {}},
      deadline_(std::move(deadline)) {}

Status LoggedRecords::scan(const Visit& visit) {
  return logstore::for_each_page(log_, selection_, logstore::Order::kOldestFirst, deadline_,
                                 [&](std::span<const record::Interaction> page) {
                                   for (const auto& one : page) {
                                     if (!times_) times_.emplace(one.timestamp, one.timestamp);
                                     times_->first = std::min(times_->first, one.timestamp);
                                     times_->second = std::max(times_->second, one.timestamp);
                                   }
                                   return visit(page);
                                 });
}

Result<record::Interaction> LoggedRecords::read(const record::RecordId& id) {
  FW_ASSIGN(auto found, log_.find(id));
  if (found) return std::move(*found);
  return unavailable("record " + *id + " was removed while the datasets were made; start the run again");
}

}  // namespace fw::runs
