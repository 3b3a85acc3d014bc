#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace fw::logstore {

/// From the oldest to the newest record of a pair.
struct TimeSpan {
  Timestamp oldest;
  Timestamp newest;
};

/// What lists of workloads have read of the pairs' times: reading both ends of a pair touches a block of each level,
/// and costs some milliseconds. Whoever lists teaches it, whoever appends widens it, and what is removed or moved makes
/// it forget its pair. Pairs are named by their count key. Any thread.
class TimeSpans final {
 public:
  /// What is learnt has to be read after this.
  [[nodiscard]] std::uint64_t mark() const;
  [[nodiscard]] std::optional<TimeSpan> find(std::string_view pair) const;
  /// What a snapshot taken after the mark has of the pair; nothing is learnt where something was forgotten since.
  void learn(std::uint64_t mark, const std::string& pair, const TimeSpan& read);
  /// Before the write that adds records of these times.
  void widen(const std::string& pair, const TimeSpan& added);
  void forget(const std::string& pair);

 private:
  struct Entry {
    TimeSpan span;
    bool is_whole = false;  ///< knows more than what was added
  };
  static void widen(TimeSpan& span, const TimeSpan& by);

  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::uint64_t forgotten_ = 0;  ///< how often
};

/// Forgets pairs at its end, whatever became of the write that it outlives.
class Forgetting final {
 public:
  explicit Forgetting(TimeSpans& spans) : spans_(spans) {}
  ~Forgetting() {
    for (const std::string& pair : pairs_) spans_.forget(pair);
  }
  Forgetting(const Forgetting&) = delete;
  Forgetting& operator=(const Forgetting&) = delete;

  void add(std::string pair) { pairs_.insert(std::move(pair)); }

 private:
  TimeSpans& spans_;
  std::set<std::string> pairs_;
};

}  // namespace fw::logstore
