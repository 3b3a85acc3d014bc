#include "capture/committer/impl/commit_queue.h"

#include <algorithm>
#include <iterator>

namespace fw::capture {

std::size_t bytes_of(const record::Interaction& record) {
  const auto& said = record.provenance;
  std::size_t bytes = sizeof record + record.id->size() + record.workload->size() + record.client->size() +
                      record.request.size() + record.response.size() + said.model_asked.size() +
                      said.model_answered.size() + said.route.size() + said.variant.size() + said.conversation.size() +
                      said.key.size();
  for (const auto& tag : said.tags) bytes += sizeof tag + tag.name.size() + tag.value.size();
  return bytes;
}

void CommitQueue::take(Pending pending) {
  pending.number = ++last_number_;
  records_ += pending.count;
  bytes_ += pending.bytes;
  if (pending.waiter) ++waited_for_;
  queue_.push_back(std::move(pending));
}

std::size_t CommitQueue::leave_line(const Waiter* waiter) {
  const auto own = std::ranges::find_if(line_, [&](const Pending& one) { return one.waiter.get() == waiter; });
  if (own == line_.end()) return 0;
  const std::size_t count = own->count;
  line_.erase(own);
  return count;
}

std::vector<Pending> CommitQueue::empty_line() {
  std::vector<Pending> all(std::make_move_iterator(line_.begin()), std::make_move_iterator(line_.end()));
  line_.clear();
  return all;
}

std::vector<Pending> CommitQueue::next_group() {
  std::vector<Pending> group;
  std::size_t bytes = 0;
  std::size_t records = 0;
  while (!queue_.empty()) {
    const Pending& next = queue_.front();
    bytes += next.bytes;
    records += next.count;
    if (!group.empty() && (bytes > options_.max_group_bytes || records > options_.max_group_records)) break;
    if (next.waiter) --waited_for_;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

void CommitQueue::hold_back(Pending pending) {
  pending.waiter.reset();
  pending.has_failed = true;
  held_back_.push_back(std::move(pending));
}

void CommitQueue::retry() {
  queue_.insert(queue_.begin(), std::make_move_iterator(held_back_.begin()), std::make_move_iterator(held_back_.end()));
  held_back_.clear();
}

void CommitQueue::settle(std::size_t records, std::size_t bytes) {
  records_ -= records;
  bytes_ -= bytes;
  while (!line_.empty() && fits(line_.front().bytes, waiting_limit())) {
    take(std::move(line_.front()));
    line_.pop_front();
  }
}

std::size_t CommitQueue::in_line() const {
  std::size_t records = 0;
  for (const Pending& one : line_) records += one.count;
  return records;
}

std::uint64_t CommitQueue::oldest_number() const {
  if (!held_back_.empty()) return held_back_.front().number;
  return queue_.empty() ? last_number_ + 1 : queue_.front().number;
}

std::optional<Instant> CommitQueue::oldest() const {
  if (!held_back_.empty()) return held_back_.front().since;
  if (!queue_.empty()) return queue_.front().since;
  return std::nullopt;
}

}  // namespace fw::capture
