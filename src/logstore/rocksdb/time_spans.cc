#include "logstore/rocksdb/impl/time_spans.h"

#include <algorithm>

namespace fw::logstore {
namespace {

constexpr std::size_t kMostPairs = 100'000;  // some 200 bytes each

}  // namespace

std::uint64_t TimeSpans::mark() const {
  const std::lock_guard lock(mutex_);
  return forgotten_;
}

std::optional<TimeSpan> TimeSpans::find(std::string_view pair) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(pair);
  if (found == entries_.end() || !found->second.is_whole) return std::nullopt;
  return found->second.span;
}

void TimeSpans::learn(std::uint64_t mark, const std::string& pair, const TimeSpan& read) {
  const std::lock_guard lock(mutex_);
  if (mark != forgotten_) return;
  const auto found = entries_.find(pair);
  if (found == entries_.end() && entries_.size() >= kMostPairs) return;
  Entry& entry = found != entries_.end() ? found->second : entries_.try_emplace(pair, Entry{read}).first->second;
  widen(entry.span, read);
  entry.is_whole = true;
}

void TimeSpans::widen(const std::string& pair, const TimeSpan& added) {
  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(pair); found != entries_.end()) return widen(found->second.span, added);
  if (entries_.size() < kMostPairs) {
    entries_.try_emplace(pair, Entry{added});
  } else {
    ++forgotten_;  // who reads now may not have seen it
  }
}

void TimeSpans::forget(const std::string& pair) {
  const std::lock_guard lock(mutex_);
  entries_.erase(pair);
  ++forgotten_;
}

void TimeSpans::widen(TimeSpan& span, const TimeSpan& by) {
  span.oldest = std::min(span.oldest, by.oldest);
  span.newest = std::max(span.newest, by.newest);
}

}  // namespace fw::logstore
