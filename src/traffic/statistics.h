#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "logstore/log_store.h"
#include "traffic/exchange.h"

namespace fw::traffic {

struct Sums {
  std::uint64_t records = 0;
  std::uint64_t errors = 0;
  std::uint64_t prompt_tokens = 0;
  std::uint64_t cached_tokens = 0;
  std::uint64_t completion_tokens = 0;
  std::uint64_t without_usage = 0;  ///< records whose answer does not say its tokens
  std::uint64_t timed = 0;          ///< records whose time was taken
  double seconds = 0;               ///< all of their times together

  void add(const Exchange& exchange, const record::Provenance& known);
  void add(const Sums& other);
};

/// Sums over stretches of time of one width, which grows with the time that is covered: never more than kMost.
class Series final {
 public:
  static constexpr std::size_t kMost = 1500;

  void add(Timestamp at, const Exchange& exchange, const record::Provenance& known);
  [[nodiscard]] std::int64_t width_seconds() const { return width_; }
  /// By the second at which a stretch begins; stretches without records are left out.
  [[nodiscard]] const std::map<std::int64_t, Sums>& stretches() const { return stretches_; }
  /// The same in stretches so wide that there are at most `most`, those without records included.
  [[nodiscard]] Series at_most(std::size_t most) const;

 private:
  void widen();
  std::int64_t width_ = 60;
  std::map<std::int64_t, Sums> stretches_;
};

/// What is known of the traffic of one workload and client. Names of every kind are at most kMostNames; the rest counts
/// under `(other)`.
struct Statistics {
  static constexpr std::size_t kMostNames = 500;

  Sums total;
  Series series;
  std::map<std::string, std::uint64_t> labels;
  std::map<std::string, std::uint64_t> models;  ///< that answered
  std::map<std::string, std::uint64_t> finish_reasons;
  std::map<record::Ending, std::uint64_t> endings;
  std::map<record::Origin, std::uint64_t> origins;
  std::map<std::string, std::uint64_t> variants;  ///< who answered on the gateway's routes

  void add(const record::Interaction& interaction, const Exchange& exchange);
};

/// Keeps Statistics of every workload and client up to date by reading on where it stopped. What came late, or was
/// deleted, shows in the store's counts: then it counts anew. Any thread; blocks.
class StatisticsKeeper final {
 public:
  StatisticsKeeper(logstore::LogStore& log, const Clock& clock) : log_(log), clock_(clock) {}

  struct Snapshot {
    Statistics statistics;
    /// False: more was there than the time allowed to read, or came late and is not counted yet; ask again.
    bool is_complete = false;
  };
  /// Reads on for at most `time`, then tells. While another caller reads the same, it tells what was known before: one
  /// thread at a time waits for the disk.
  [[nodiscard]] Result<Snapshot> get(const logstore::WorkloadSummary& of, Duration time);

 private:
  /// Answers that take longer than this come out of order and are found when all is counted anew.
  static constexpr auto kOutOfOrder = std::chrono::minutes(2);
  static constexpr auto kPatience = std::chrono::seconds(20);

  struct Reading {
    std::mutex mutex;  // of all but what is published
    Statistics statistics;
    std::optional<Timestamp> newest;                         ///< of what was read
    std::map<Timestamp, std::vector<std::uint64_t>> recent;  ///< hashes of ids not older than newest - kOutOfOrder
    std::unordered_set<std::uint64_t> recent_ids;
    std::optional<logstore::Selection> selection;  ///< of the scan under way
    std::optional<logstore::Cursor> cursor;
    std::optional<Instant> short_since;  ///< since when the store has had more than was read

    std::mutex published_mutex;
    Snapshot published;

    void take(const record::Interaction& record, ExchangeReader& reader);
    void forget_old();
    void start_over();
  };

  Reading& reading_of(const logstore::WorkloadSummary& of);
  [[nodiscard]] Result<std::uint64_t> records_now(const logstore::WorkloadSummary& of);
  [[nodiscard]] Status check(Reading& reading, const logstore::WorkloadSummary& of);
  [[nodiscard]] Status read_on(Reading& reading, const logstore::WorkloadSummary& of, Instant end);

  logstore::LogStore& log_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Reading>> readings_;
};

}  // namespace fw::traffic
