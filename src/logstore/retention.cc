#include "logstore/retention.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <numeric>
#include <ostream>
#include <vector>

namespace fw::logstore {
namespace {

constexpr double kSecondsOfDay = 86'400;
constexpr std::size_t kRecordsAtOnce = 1000;
constexpr std::size_t kKeysAtOnce = 10'000;
constexpr std::uint64_t kStretches = 100;  // of a workload that is as large as it may be
constexpr Duration kTick{1};
constexpr auto kDaily = std::chrono::hours(24);

bool is_any_set(const auto& by_workload) {
  return std::ranges::any_of(by_workload, [](const auto& one) { return one.second > 0; });
}

/// What is left of a workload that was too large: 95 %.
std::uint64_t kept_of(std::uint64_t limit) { return limit - limit / 20; }

/// The time that follows; clocks in the future may say the last one there is.
Timestamp next_time(Timestamp time) { return time == Timestamp::max() ? time : time + kTick; }

Timestamp days_before(Timestamp now, double days) {
  return now - std::chrono::duration_cast<Duration>(std::chrono::duration<double>(days * kSecondsOfDay));
}

double own_or(const std::map<std::string, double>& by_workload, const record::WorkloadId& workload, double all) {
  const auto own = by_workload.find(*workload);
  return own == by_workload.end() ? all : own->second;
}

/// Clocks may be set back.
bool is_due(const std::optional<Timestamp>& last, Timestamp now) {
  return !last || now < *last || now - *last >= kDaily;
}

}  // namespace

bool Retention::is_on() const {
  return days > 0 || max_bytes > 0 || content_days > 0 || is_any_set(workloads) || is_any_set(workload_max_bytes) ||
         is_any_set(workload_content_days);
}

double Retention::days_of(const record::WorkloadId& workload) const { return own_or(workloads, workload, days); }

double Retention::content_days_of(const record::WorkloadId& workload) const {
  return own_or(workload_content_days, workload, content_days);
}

std::uint64_t Retention::max_bytes_of(const record::WorkloadId& workload) const {
  const auto own = workload_max_bytes.find(*workload);
  return own == workload_max_bytes.end() ? max_bytes : own->second;
}

std::uint64_t RetentionSweep::Size::records() const {
  return std::accumulate(stretches.begin(), stretches.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Stretch& one) { return sum + one.records; });
}

std::uint64_t RetentionSweep::Size::bytes() const {
  return std::accumulate(stretches.begin(), stretches.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Stretch& one) { return sum + one.bytes; });
}

double RetentionSweep::Size::bytes_of(std::uint64_t held) const {
  if (stretches.empty()) return 0;
  const std::uint64_t readable = held - std::min(held, unreadable);
  return static_cast<double>(bytes()) * static_cast<double>(readable) / static_cast<double>(records());
}

bool RetentionSweep::Size::is_off(std::uint64_t held) const {
  const std::uint64_t readable = held - std::min(held, unreadable);
  const std::uint64_t read = records();
  return std::max(readable, read) - std::min(readable, read) > read / 100;
}

void RetentionSweep::Size::forget_before(Timestamp oldest) {
  if (newest && *newest < oldest) *this = {};
  while (stretches.size() > 1 && stretches[1].time < oldest) stretches.pop_front();
}

void RetentionSweep::Size::forget_contents_before(Timestamp time) {
  for (std::size_t i = 0; i + 1 < stretches.size() && stretches[i + 1].time <= time; ++i) stretches[i].bytes = 0;
}

void RetentionSweep::Size::add(std::deque<Stretch> newer, std::uint64_t full) {
  if (!stretches.empty() && !newer.empty() && stretches.back().bytes < full) {
    stretches.back().records += newer.front().records;
    stretches.back().bytes += newer.front().bytes;
    newer.pop_front();
  }
  std::ranges::move(newer, std::back_inserter(stretches));
}

Status RetentionSweep::run(Timestamp now, const Deadline& deadline) {
  FW_TRY(remove_expired(now, deadline));
  const Status expired = expire_contents(now, deadline);  // where a store cannot, the rest is done all the same
  FW_TRY(remove_surplus(deadline));
  FW_TRY(purge(now, deadline));
  return expired;
}

void RetentionSweep::write_metrics(std::ostream& out) const {
  out << "# HELP flywheel_log_removed_total Interactions that were removed as log_store.retention says.\n"
         "# TYPE flywheel_log_removed_total counter\n"
         "flywheel_log_removed_total{reason=\"days\"} "
      << expired_ << "\nflywheel_log_removed_total{reason=\"max_bytes\"} " << surplus_ << '\n'
      << "# HELP flywheel_log_contents_expired_total Interactions that lost their content and stay, as "
         "log_store.retention says.\n"
         "# TYPE flywheel_log_contents_expired_total counter\n"
         "flywheel_log_contents_expired_total "
      << contents_ << '\n';
}

Result<std::map<record::WorkloadId, RetentionSweep::Held>> RetentionSweep::held() {
  FW_ASSIGN(const auto pairs, store_.workloads());
  std::map<record::WorkloadId, Held> held;
  for (const WorkloadSummary& pair : pairs) {
    Held& one = held.try_emplace(pair.workload, Held{.records = 0, .oldest = pair.oldest}).first->second;
    one.records += pair.records;
    one.oldest = std::min(one.oldest, pair.oldest);
  }
  return held;
}

Status RetentionSweep::remove_expired(Timestamp now, const Deadline& deadline) {
  if (retention_.days <= 0 && !is_any_set(retention_.workloads)) return {};
  FW_ASSIGN(const auto workloads, held());
  for (const auto& [workload, has] : workloads) {
    const double days = retention_.days_of(workload);
    if (days <= 0) continue;
    const Timestamp expired = days_before(now, days);
    if (has.oldest < expired) FW_TRY(remove_before(workload, expired, expired_, deadline));
  }
  return {};
}

Status RetentionSweep::expire_contents(Timestamp now, const Deadline& deadline) {
  if (retention_.content_days <= 0 && !is_any_set(retention_.workload_content_days)) return {};
  if (is_due(all_looked_at_, now)) {
    outlined_before_.clear();
    all_looked_at_ = now;
  }
  FW_ASSIGN(const auto pairs, store_.workloads());
  for (const WorkloadSummary& pair : pairs) {
    const double days = retention_.content_days_of(pair.workload);
    if (days <= 0) continue;
    const Timestamp expired = days_before(now, days);
    if (pair.oldest >= expired) continue;
    std::optional<Timestamp> from;
    const Pair key{pair.workload, pair.client};
    if (const auto known = outlined_before_.find(key); known != outlined_before_.end()) from = known->second;
    FW_TRY(expire_contents(pair, from, expired, now, deadline));
    outlined_before_[key] = expired;
    if (const auto size = sizes_.find(pair.workload); size != sizes_.end())
      size->second.forget_contents_before(expired);
  }
  return {};
}

Status RetentionSweep::expire_contents(const WorkloadSummary& pair, std::optional<Timestamp> from, Timestamp to,
                                       Timestamp now, const Deadline& deadline) {
  const Selection older{.workload = pair.workload, .client = pair.client, .from = from, .to = to};
  std::optional<Cursor> after;
  do {
    FW_TRY(deadline.check("taking the contents of old records"));
    FW_ASSIGN(const Page page, store_.scan(older, Order::kOldestFirst, kRecordsAtOnce, after));
    std::vector<record::Interaction> outlined;
    for (const record::Interaction& record : page.records) {
      if (record.has_content()) outlined.push_back(outline_of_(record, now));
    }
    if (!outlined.empty()) {
      FW_ASSIGN(const std::uint64_t count, store_.expire_contents(outlined));
      contents_ += count;
    }
    after = page.next;
  } while (after);
  return {};
}

Status RetentionSweep::purge(Timestamp now, const Deadline& deadline) {
  if (!is_due(purged_, now)) return {};
  FW_ASSIGN(const bool is_all_gone, store_.purge(deadline));
  if (is_all_gone) purged_ = now;
  return {};
}

Status RetentionSweep::remove_surplus(const Deadline& deadline) {
  if (retention_.max_bytes == 0 && !is_any_set(retention_.workload_max_bytes)) return {};
  FW_ASSIGN(const auto workloads, held());
  std::erase_if(sizes_, [&](const auto& one) { return !workloads.contains(one.first); });
  for (const auto& [workload, has] : workloads) {
    if (const auto limit = retention_.max_bytes_of(workload); limit > 0) FW_TRY(shrink(workload, has, limit, deadline));
  }
  return {};
}

Status RetentionSweep::shrink(const record::WorkloadId& workload, const Held& held, std::uint64_t limit,
                              const Deadline& deadline) {
  Size& size = sizes_[workload];
  size.forget_before(held.oldest);
  const auto is_over = [&] { return size.bytes_of(held.records) > static_cast<double>(limit); };
  bool is_whole = !size.newest;
  FW_ASSIGN(bool is_at_limit, measure(workload, limit, size, deadline));
  if (!is_whole && !is_at_limit && is_over() && size.is_off(held.records)) {
    is_whole = true;
    size = {};
    FW_ASSIGN(is_at_limit, measure(workload, limit, size, deadline));
  }
  if (!is_at_limit) {
    if (is_whole) size.unreadable = held.records - std::min(held.records, size.records());
    if (is_whole || !is_over()) return {};
  }
  while (size.stretches.size() > 1 && size.bytes() > kept_of(limit)) size.stretches.pop_front();
  const Stretch first = size.stretches.front();
  auto removed = remove_before(workload, first.time, surplus_, deadline);
  if (removed.ok()) removed = remove_same_time(workload, first.time, first.id, surplus_, deadline);
  if (!removed.ok()) size = {};  // there is more than it says
  return removed;
}

Result<bool> RetentionSweep::measure(const record::WorkloadId& workload, std::uint64_t limit, Size& size,
                                     const Deadline& deadline) {
  Selection newer{.workload = workload, .client = {}, .from = {}, .to = {}};
  if (size.newest) newer.from = next_time(*size.newest);
  std::deque<Stretch> read;
  std::optional<Timestamp> newest;
  std::uint64_t bytes = 0;
  std::optional<Cursor> after;
  do {
    FW_TRY(deadline.check("reading how large workloads are"));
    FW_ASSIGN(const Page page, store_.scan(newer, Order::kNewestFirst, kRecordsAtOnce, after));
    for (const record::Interaction& record : page.records) {
      if (!newest) newest = record.timestamp;
      if (read.empty() || read.front().bytes >= limit / kStretches) read.emplace_front();
      Stretch& stretch = read.front();
      stretch.time = record.timestamp;
      stretch.id = record.id;
      ++stretch.records;
      stretch.bytes += record.request.size() + record.response.size();
      bytes += record.request.size() + record.response.size();
      if (bytes <= limit) continue;
      size = {.stretches = std::move(read), .newest = newest};
      return true;
    }
    after = page.next;
  } while (after);
  size.add(std::move(read), limit / kStretches);
  if (newest) size.newest = newest;
  return false;
}

Status RetentionSweep::remove_before(const record::WorkloadId& workload, Timestamp time, Counter& removed,
                                     const Deadline& deadline) {
  const Selection older{.workload = workload, .client = {}, .from = {}, .to = time};
  std::optional<Cursor> after;
  do {
    FW_TRY(deadline.check("removing a workload's oldest records"));
    FW_ASSIGN(const KeyPage page, store_.scan_keys(older, Order::kOldestFirst, kKeysAtOnce, after));
    if (!page.keys.empty()) {
      // Not by their ids: one that was put under another workload meanwhile is not to go.
      FW_ASSIGN(const std::uint64_t count, store_.remove({.workload = workload,
                                                          .client = {},
                                                          .from = page.keys.front().timestamp,
                                                          .to = next_time(page.keys.back().timestamp)}));
      removed += count;
    }
    after = page.next;
  } while (after);
  return {};
}

Status RetentionSweep::remove_same_time(const record::WorkloadId& workload, Timestamp time, const record::RecordId& id,
                                        Counter& removed, const Deadline& deadline) {
  const Selection same{.workload = workload, .client = {}, .from = time, .to = next_time(time)};
  std::optional<Cursor> after;
  do {
    FW_TRY(deadline.check("removing a workload's oldest records"));
    FW_ASSIGN(const KeyPage page, store_.scan_keys(same, Order::kOldestFirst, kKeysAtOnce, after));
    std::vector<record::RecordId> ids;
    for (const RecordKey& key : page.keys) {
      if (key.id < id) ids.push_back(key.id);
    }
    if (!ids.empty()) {
      FW_ASSIGN(const std::uint64_t count, store_.remove_records(ids));
      removed += count;
    }
    if (ids.size() < page.keys.size()) return {};
    after = page.next;
  } while (after);
  return {};
}

}  // namespace fw::logstore
