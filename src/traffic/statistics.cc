#include "traffic/statistics.h"

#include <array>

#include "base/hash.h"

namespace fw::traffic {
namespace {

constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::array<std::int64_t, 9> kWidths{60, 300, 900, kHour, 6 * kHour, kDay, 7 * kDay, 28 * kDay, 364 * kDay};
constexpr std::size_t kScan = 500;

std::int64_t wider_than(std::int64_t width) {
  for (const auto each : kWidths) {
    if (each > width) return each;
  }
  return 2 * width;
}

/// Rounds down, before 1970 too.
std::int64_t begin_of(std::int64_t second, std::int64_t width) {
  const std::int64_t rest = second % width;
  return second - (rest < 0 ? rest + width : rest);
}

void count(std::map<std::string, std::uint64_t>& names, const std::string& name) {
  if (name.empty()) return;
  const auto found = names.find(name);
  if (found != names.end()) {
    ++found->second;
  } else {
    ++names[names.size() < Statistics::kMostNames ? name : "(other)"];
  }
}

}  // namespace

void Sums::add(const Exchange& exchange, const record::Provenance& known) {
  ++records;
  errors += exchange.is_error ? 1 : 0;
  prompt_tokens += exchange.prompt_tokens.value_or(0);
  cached_tokens += exchange.cached_tokens.value_or(0);
  completion_tokens += exchange.completion_tokens.value_or(0);
  without_usage += exchange.prompt_tokens || exchange.completion_tokens ? 0 : 1;
  if (!known.total) return;
  ++timed;
  seconds += std::chrono::duration<double>(*known.total).count();
}

void Sums::add(const Sums& other) {
  records += other.records;
  errors += other.errors;
  prompt_tokens += other.prompt_tokens;
  cached_tokens += other.cached_tokens;
  completion_tokens += other.completion_tokens;
  without_usage += other.without_usage;
  timed += other.timed;
  seconds += other.seconds;
}

void Series::add(Timestamp at, const Exchange& exchange, const record::Provenance& known) {
  stretches_[begin_of(to_epoch_seconds(at), width_)].add(exchange, known);
  if (stretches_.size() > kMost) widen();
}

void Series::widen() {
  width_ = wider_than(width_);
  std::map<std::int64_t, Sums> wider;
  for (const auto& [begin, sums] : stretches_) wider[begin_of(begin, width_)].add(sums);
  stretches_ = std::move(wider);
}

Series Series::at_most(std::size_t most) const {
  Series out = *this;
  const auto covered = [&out] {
    return out.stretches_.empty() ? std::size_t{0}
                                  : static_cast<std::size_t>(
                                        (out.stretches_.rbegin()->first - out.stretches_.begin()->first) / out.width_) +
                                        1;
  };
  while (covered() > most) out.widen();
  return out;
}

void Statistics::add(const record::Interaction& interaction, const Exchange& exchange) {
  const auto& known = interaction.provenance;
  total.add(exchange, known);
  series.add(interaction.timestamp, exchange, known);
  count(labels, exchange.label);
  count(models, exchange.model_answered);
  count(finish_reasons, exchange.finish_reason);
  count(variants, known.variant);
  ++endings[known.ending];
  ++origins[known.origin];
}

void StatisticsKeeper::Reading::take(const record::Interaction& record, ExchangeReader& reader) {
  const std::uint64_t id = hash64(*record.id);
  if (!recent_ids.insert(id).second) return;
  recent[record.timestamp].push_back(id);
  if (!newest || record.timestamp > *newest) newest = record.timestamp;
  statistics.add(record, reader.read(record));
}

void StatisticsKeeper::Reading::forget_old() {
  while (newest && !recent.empty() && recent.begin()->first < *newest - kOutOfOrder) {
    for (const auto id : recent.begin()->second) recent_ids.erase(id);
    recent.erase(recent.begin());
  }
}

void StatisticsKeeper::Reading::start_over() {
  statistics = {};
  newest.reset();
  recent.clear();
  recent_ids.clear();
  selection.reset();
  cursor.reset();
  short_since.reset();
}

StatisticsKeeper::Reading& StatisticsKeeper::reading_of(const logstore::WorkloadSummary& of) {
  const std::lock_guard lock(mutex_);
  auto& reading = readings_[{*of.workload, *of.client}];
  if (!reading) reading = std::make_unique<Reading>();
  return *reading;
}

/// From the last record read, less what may have come late since, to the end or until time is up.
Status StatisticsKeeper::read_on(Reading& reading, const logstore::WorkloadSummary& of, Instant end) {
  ExchangeReader reader;
  if (!reading.selection) {
    reading.selection = logstore::Selection{.workload = of.workload, .client = of.client};
    if (reading.newest) reading.selection->from = *reading.newest - kOutOfOrder;
    reading.cursor.reset();
  }
  do {
    FW_ASSIGN(auto page, log_.scan(*reading.selection, logstore::Order::kOldestFirst, kScan, reading.cursor));
    for (const auto& record : page.records) reading.take(record, reader);
    reading.forget_old();
    reading.cursor = std::move(page.next);
    if (!reading.cursor) {
      reading.selection.reset();
      return {};
    }
  } while (clock_.instant() < end);
  return {};
}

/// What the store has of it now.
Result<std::uint64_t> StatisticsKeeper::records_now(const logstore::WorkloadSummary& of) {
  FW_ASSIGN(const auto all, log_.workloads());
  for (const auto& each : all) {
    if (each.workload == of.workload && each.client == of.client) return each.records;
  }
  return std::uint64_t{0};
}

/// What was read is compared with the store's count after the reading: more means that records were deleted; fewer,
/// that some came since, or that they came late, which shows when they are never caught up with.
Status StatisticsKeeper::check(Reading& reading, const logstore::WorkloadSummary& of) {
  FW_ASSIGN(const std::uint64_t there, records_now(of));
  const std::uint64_t read = reading.statistics.total.records;
  const Instant now = clock_.instant();
  if (read == there) {
    reading.short_since.reset();
  } else if (read > there) {
    reading.start_over();
  } else if (!reading.short_since) {
    reading.short_since = now;
  } else if (now - *reading.short_since > kPatience) {
    reading.start_over();
  }
  return {};
}

Result<StatisticsKeeper::Snapshot> StatisticsKeeper::get(const logstore::WorkloadSummary& of, Duration time) {
  Reading& reading = reading_of(of);
  const std::unique_lock lock(reading.mutex, std::try_to_lock);
  if (!lock.owns_lock()) {
    const std::lock_guard published(reading.published_mutex);
    return reading.published;
  }
  if (reading.selection || reading.statistics.total.records != of.records) {
    FW_TRY(read_on(reading, of, saturating_add(clock_.instant(), time)));
    if (!reading.selection) FW_TRY(check(reading, of));
  }
  const std::lock_guard published(reading.published_mutex);
  // The store's count is older than the reading: fewer than that were read only where some came late.
  const bool has_all = reading.newest && reading.statistics.total.records >= of.records;
  reading.published = {reading.statistics, !reading.selection && has_all};
  return reading.published;
}

}  // namespace fw::traffic
