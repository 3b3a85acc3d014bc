#include "api/queue_metrics.h"

#include <ostream>
#include <string_view>

#include "api/metric_text.h"

namespace fw::api {
namespace {

template <class Value>
void one(std::ostream& out, std::string_view name, std::string_view type, std::string_view help, Value value) {
  metric_head(out, name, type, help);
  out << name << ' ' << value << '\n';
}

template <class Value>
void of_each_pool(std::ostream& out, const std::vector<const Pool*>& pools, std::string_view name,
                  std::string_view type, std::string_view help, Value (Pool::*value)() const) {
  metric_head(out, name, type, help);
  for (const Pool* pool : pools) out << name << "{pool=\"" << pool->name() << "\"} " << (pool->*value)() << '\n';
}

void write_committer(std::ostream& out, const capture::CommitterStats& stats) {
  metric_head(out, "flywheel_committer_records_total", "counter", "Live records by what became of them.");
  const auto result = [&](std::string_view name, std::uint64_t count) {
    out << "flywheel_committer_records_total{result=\"" << name << "\"} " << count << '\n';
  };
  result("committed", stats.committed);
  result("duplicate", stats.duplicates);
  result("refused", stats.refused);
  result("failed", stats.failed);
  one(out, "flywheel_committer_groups_total", "counter", "Appends to the log store, one sync each.", stats.groups);
  one(out, "flywheel_committer_queued_records", "gauge", "Live records that wait for the disk.", stats.queued_records);
  one(out, "flywheel_committer_in_line", "gauge", "Live records whose senders wait for room.", stats.in_line);
  one(out, "flywheel_committer_queued_bytes", "gauge", "Memory that they take.", stats.queued_bytes);
  one(out, "flywheel_committer_oldest_wait_seconds", "gauge", "How long the oldest of them has waited.",
      to_seconds(stats.oldest_wait));
}

}  // namespace

void write_queues(std::ostream& out, const std::vector<const Pool*>& pools, const capture::Committer& committer) {
  of_each_pool(out, pools, "flywheel_pool_waiting", "gauge", "Work that waits for a thread.", &Pool::waiting);
  of_each_pool(out, pools, "flywheel_pool_running", "gauge", "Work that has a thread.", &Pool::running);
  of_each_pool(out, pools, "flywheel_pool_refused_total", "counter", "Work that was refused: the queue was full.",
               &Pool::refused);
  write_committer(out, committer.stats());
}

}  // namespace fw::api
