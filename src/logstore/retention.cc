#include "logstore/retention.h"

#include <algorithm>
#include <chrono>

namespace fw::logstore {
namespace {

constexpr double kSecondsOfDay = 86'400;

}  // namespace

bool Retention::is_on() const {
  return days > 0 || std::ranges::any_of(workloads, [](const auto& one) { return one.second > 0; });
}

double Retention::days_of(const record::WorkloadId& workload) const {
  const auto own = workloads.find(*workload);
  return own == workloads.end() ? days : own->second;
}

Result<std::uint64_t> remove_expired(LogStore& store, const Retention& retention, Timestamp now,
                                     const Deadline& deadline) {
  FW_ASSIGN(const auto workloads, store.workloads());
  std::uint64_t removed = 0;
  for (const WorkloadSummary& one : workloads) {
    FW_TRY(deadline.check("removing expired records"));
    const double days = retention.days_of(one.workload);
    if (days <= 0) continue;
    const Timestamp expired =
        now - std::chrono::duration_cast<Duration>(std::chrono::duration<double>(days * kSecondsOfDay));
    if (one.oldest >= expired) continue;
    FW_ASSIGN(const std::uint64_t count,
              store.remove({.workload = one.workload, .client = one.client, .from = {}, .to = expired}));
    removed += count;
  }
  return removed;
}

}  // namespace fw::logstore
