#include "runs/impl/logged_records.h"

#include <algorithm>
#include <vector>

#include "logstore/read.h"

namespace fw::runs {
namespace {

constexpr std::size_t kIdsAtOnce = 500;

}  // namespace

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

Status LoggedRecords::read(std::span<const record::RecordId> ids, const Visit& visit) {
  while (!ids.empty()) {
    FW_TRY(deadline_.check("reading the log store"));
    FW_ASSIGN(auto found, log_.find_batch(ids.first(std::min(ids.size(), kIdsAtOnce))));
    if (found.empty()) return unavailable("the log store does not find record " + *ids.front());
    std::vector<record::Interaction> page;
    page.reserve(found.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (!found[i]) {
        return unavailable("record " + *ids[i] + " was removed while the datasets were made; start the run again");
      }
      if (!found[i]->has_content()) {
        return unavailable("the content of record " + *ids[i] +
                           " expired while the datasets were made; start the run again");
      }
      page.push_back(std::move(*found[i]));
    }
    FW_TRY(visit(page));
    ids = ids.subspan(found.size());
  }
  return {};
}

}  // namespace fw::runs
